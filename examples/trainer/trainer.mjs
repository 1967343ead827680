#!/usr/bin/env node
/**
 * A trainer beside Headstart: waits for its signed calls, fetches the labels, runs your command, and brings the model back.
 *
 *   node trainer.mjs --port 9100 --model mails --control label -- python train.py
 *
 * HEADSTART_URL, HEADSTART_TOKEN (of an owner) and TRAINER_SECRET (printed by `headstart trainer set`) come from the
 * environment. The command is given two more words: the file of labels, and the folder to leave the model's files in.
 */
import { spawn } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { port: { type: 'string', default: '9100' }, model: { type: 'string' }, control: { type: 'string' } },
  allowPositionals: true,
});
const { HEADSTART_URL: home, HEADSTART_TOKEN: token, TRAINER_SECRET: secret } = process.env;
if (!home || !token || !secret || !values.model || !values.control || positionals.length === 0) {
  console.error('Set HEADSTART_URL, HEADSTART_TOKEN, TRAINER_SECRET; give --model, --control and a command behind --.');
  process.exit(64);
}

/** An older call is somebody's recording. */
const AGE_SECONDS_MAX = 300;
/** Calls are a few hundred bytes; what is unsigned must not fill the memory. */
const BODY_BYTES_MAX = 64 * 1024;

function isGenuine(headers, body) {
  const timestamp = String(headers['x-headstart-timestamp']);
  const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < AGE_SECONDS_MAX;
  const wanted = `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
  const given = String(headers['x-headstart-signature']);
  return fresh && given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

async function call(method, path, body) {
  const headers = { authorization: `Token ${token}` };
  if (body !== undefined && !(body instanceof FormData)) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(body);
  }
  const reply = await fetch(home + path, { method, headers, body });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
  return text;
}

async function train({ project, export: path, delivery }) {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-'));
  try {
    const labels = join(folder, 'labels.json');
    await writeFile(labels, await call('GET', path));
    const out = await mkdtemp(join(folder, 'model-'));
    const [program, ...words] = positionals;
    const child = spawn(program, [...words, labels, out], { stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await new Promise((done, fail) => child.on('exit', done).on('error', fail));
    if (code !== 0) throw new Error(`the command ended with ${code}`);
    const form = new FormData();
    for (const name of await readdir(out)) form.append('file', new Blob([await readFile(join(out, name))]), name);
    const added = JSON.parse(await call('POST', `/api/library?name=${values.model}`, form));
    await call('POST', `/api/projects/${project}/models/bind`, { control: values.control, model: values.model });
    await call('POST', `/api/projects/${project}/models/prelabel`);
    console.log(`delivery ${delivery}: ${added.id} serves`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Calls are repeated until one is answered; each is trained on once. */
const seen = new Set();
/** One training after the other. */
let turn = Promise.resolve();

/** Null when it is larger than any call of ours. */
async function bodyOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(request, response) {
  const body = await bodyOf(request);
  if (body === null) return void response.writeHead(413, { connection: 'close' }).end('too large\n');
  if (!isGenuine(request.headers, body)) return void response.writeHead(401).end('not signed by us, or too old\n');
  response.writeHead(202).end('{}\n');
  const event = JSON.parse(body);
  if (seen.has(event.delivery)) return;
  seen.add(event.delivery);
  turn = turn.then(() => train(event)).catch((error) => console.error(`delivery ${event.delivery}: ${error.message}`));
}

const server = createServer((request, response) => {
  // Whoever hangs up in the middle gets no answer, and stops nothing.
  answer(request, response).catch((error) => {
    console.log(`a call broke off: ${error.message}`);
    response.destroy();
  });
});
server.listen(Number(values.port), () => console.log(`listening on port ${server.address().port}`));
