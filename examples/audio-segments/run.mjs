/**
 * Where does somebody speak? Pre-labels every WAV file of a folder and writes a file that Label Studio imports.
 *
 *   node examples/audio-segments/run.mjs <folder with WAV files> <output.json>
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const CONFIG = `<View>
  <Labels name="segments" toName="audio"><Label value="Speech"/></Labels>
  <Audio name="audio" value="$audio"/>
</View>`;

const [folder, output] = process.argv.slice(2);
if (!folder || !output) {
  console.error('usage: node examples/audio-segments/run.mjs <folder with WAV files> <output.json>');
  process.exit(2);
}
const files = readdirSync(folder).filter((name) => name.toLowerCase().endsWith('.wav'));
if (files.length === 0) throw new Error(`There is no WAV file in ${folder}.`);

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');
const data = mkdtempSync(join(tmpdir(), 'headstart-example-'));
const server = spawn(process.execPath, [main, 'serve', '--data', data, '--port', '0', '--json', '--log', 'error'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await new Promise((found, fail) => {
    server.stdout.once('data', (line) => found(JSON.parse(String(line)).url));
    server.once('exit', (code) => fail(new Error(`the server ended with ${code}; run "npm run build" first`)));
  });
  const call = async (method, path, body) => {
    const json = body !== undefined && !(body instanceof FormData);
    const headers = json ? { 'content-type': 'application/json' } : {};
    const init = { method, headers, ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }) };
    const response = await fetch(url + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text);
  };

  // 1. A project, and a task for each file.
  const { id } = await call('POST', '/api/projects', { title: 'Speech', label_config: CONFIG });
  const form = new FormData();
  for (const name of files) form.append('file', new Blob([readFileSync(join(folder, name))]), basename(name));
  await call('POST', `/api/projects/${id}/uploads?as_tasks=true`, form);

  // 2. The model that listens is bound to the control; the class "speech" finds the label "Speech" by itself.
  await call('POST', `/api/projects/${id}/models/bind`, { control: 'segments', model: 'silero-vad' });
  const [job] = await call('POST', `/api/projects/${id}/models/prelabel`);
  let state = job;
  while (state.state === 'queued' || state.state === 'running') {
    await new Promise((next) => setTimeout(next, 200));
    state = await call('GET', `/api/jobs/${job.id}`);
  }
  if (state.state !== 'done') throw new Error(`The job ended as ${state.state}.`);

  // 3. Tasks with their predictions, in Label Studio's JSON.
  const tasks = await call('GET', `/api/projects/${id}/export?exportType=JSON&labels=predictions`);
  writeFileSync(output, JSON.stringify(tasks, null, 2));
  for (const { meta, predictions } of tasks) {
    const spans = predictions.flatMap(({ result }) => result.map(({ value }) => `${value.start}-${value.end} s`));
    console.log(`${meta?.file ?? ''}: ${spans.join(', ') || 'nobody speaks'}`);
  }
  console.log(`${files.length} files, ${state.failed} of them could not be read; ${output} is ready for Label Studio.`);
} finally {
  server.kill();
  await new Promise((ended) => (server.exitCode === null ? server.once('exit', ended) : ended()));
  rmSync(data, { recursive: true, force: true });
}
