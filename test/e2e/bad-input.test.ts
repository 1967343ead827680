/** Bad input through the real server: a clear error that names the place, and nothing half-done. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';
import { runCommand, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { createTextProject } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf, TEXT_CONFIG } from '../helpers/texts.ts';

const server = servedFolder();
let projectId: number;

beforeAll(async () => {
  // Seen to fail once on a busy machine, in the first request after the start: the log says why if it happens again.
  projectId = await createTextProject(server.client).catch((error: unknown) => {
    throw new Error(`the first request failed; the server's log:\n${server.log()}`, { cause: error });
  });
});

function upload(name: string, body: AsyncIterable<Uint8Array>, query: Record<string, unknown> = {}) {
  return server.client.upload('projectImport', { params: { project_id: projectId }, query: { name, ...query } }, body);
}

async function taskCount(): Promise<number> {
  return (await server.client.call('projectGet', { params: { project_id: projectId } })).task_number;
}

describe('files', () => {
  const goodLine = (i: number): string => JSON.stringify({ text: `text ${i}` });
  const jsonl = Array.from({ length: 6_000 }, (_, i) => (i === 5_000 ? '{"text": "broken' : goodLine(i))).join('\n');

  it.each([
    ['broken JSON in line 5,001 of a JSONL', 'a.jsonl', jsonl, 'INPUT_BAD_JSON', /5001/],
    ['a ragged CSV', 'a.csv', 'text,author\none,ann\ntwo,bob,extra\n', 'INPUT_BAD_ROW', /Row 2/],
    ['an empty file', 'a.csv', '', 'INPUT_EMPTY', /empty/],
    ['a header without rows', 'a.csv', 'text\n', 'INPUT_EMPTY', /no rows/],
    [
      'duplicate ids',
      'a.json',
      '[{"id":7,"data":{"text":"a"}},{"id":7,"data":{"text":"b"}}]',
      'INPUT_DUPLICATE_ID',
      /Row 2.*row 1/,
    ],
    [
      "a task without the config's field",
      'a.json',
      '[{"text":"a"},{"body":"b"}]',
      'INPUT_MISSING_FIELD',
      /Row 2.*"text"/,
    ],
    ['JSON cut off', 'a.json', '[{"text":"a"},{"te', 'INPUT_BAD_JSON', /line 1/],
    [
      'an annotation that does not fit',
      'a.json',
      JSON.stringify([
        {
          data: { text: 'a' },
          annotations: [
            { result: [{ from_name: 'nobody', to_name: 'text', type: 'choices', value: { choices: ['spam'] } }] },
          ],
        },
      ]),
      'INPUT_BAD_RESULT',
      /Row 1.*nobody/,
    ],
    ['a format nobody knows', 'a.parquet', 'PAR1\u0000\u0000', 'INPUT_BAD_FORMAT', /a.parquet/],
  ])('%s', async (_, name, text, code, message) => {
    const before = await taskCount();
    await expect(upload(name, bytesOf(text))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await taskCount()).toBe(before);
  });

  it('wrong encoding', async () => {
    const latin1 = Buffer.from('text\ncaf\u00e9\n', 'latin1');
    const body = (async function* () {
      yield latin1;
    })();
    await expect(upload('a.csv', body)).rejects.toMatchObject({ code: 'INPUT_BAD_ENCODING', message: /UTF-8/ });
    expect(await taskCount()).toBe(0);
  });

  it('skips and lists bad rows when asked to', async () => {
    const done = await upload('a.jsonl', bytesOf(jsonl), { skip_invalid: true });
    expect(done.task_count).toBe(5_999);
    expect(done.skipped).toEqual([{ row: 5_001, reason: expect.stringMatching(/JSON/) }]);
  });
});

describe('requests', () => {
  it('a JSON body over the limit', async () => {
    const response = await fetch(`${server.url}/api/projects`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': String(LIMITS.bodyBytesMax + 1) },
      body: 'x'.repeat(LIMITS.bodyBytesMax + 1),
    }).catch((error: unknown) => error as Error);
    if (response instanceof Response) expect(await response.json()).toMatchObject({ code: 'LIMIT_BODY' });
    else expect(String(response.cause)).toMatch(/EPIPE|ECONNRESET|other side closed/);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it.each([
    [
      'a config without a control tag',
      '<View><Text name="text" value="$text"/></View>',
      'LABELCONFIG_NO_CONTROL',
      /control/,
    ],
    ['a config that is no XML', '<View>\n  <Text name="text" value="$text">\n</View>', 'LABELCONFIG_BAD_XML', /line 3/],
    ['a config with a DTD', `<!DOCTYPE x [<!ENTITY a "b">]>${TEXT_CONFIG}`, 'LABELCONFIG_FORBIDDEN_XML', /DTD/],
  ])('%s', async (_, labelConfig, code, message) => {
    const creating = server.client.call('projectCreate', { body: { title: 'Bad', label_config: labelConfig } });
    await expect(creating).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await server.client.call('projectList', { query: {} })).count).toBe(1);
  });

  it('an unknown token, also on loopback', async () => {
    const response = await fetch(`${server.url}/api/projects`, { headers: { authorization: 'Token nobody' } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'AUTH_UNKNOWN_TOKEN' });
  });

  it('an answer that does not fit the config', async () => {
    const item = (await server.client.call('queueNext', { params: { project_id: projectId }, query: {} }))!;
    const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: ['maybe'] } }];
    const answering = server.client.call('annotationCreate', { params: { task_id: item.id }, body: { result } });
    await expect(answering).rejects.toMatchObject({
      code: 'INPUT_BAD_RESULT',
      message: expect.stringMatching(/maybe/),
    });
  });

  it('a label that is in use cannot vanish without a word', async () => {
    const item = (await server.client.call('queueNext', { params: { project_id: projectId }, query: {} }))!;
    const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: ['spam'] } }];
    await server.client.call('annotationCreate', { params: { task_id: item.id }, body: { result } });
    const config = TEXT_CONFIG.replace('<Choice value="spam"/>', '<Choice value="junk"/>');
    const params = { project_id: projectId };
    const changing = server.client.call('projectUpdate', { params, body: { label_config: config } });
    await expect(changing).rejects.toMatchObject({
      code: 'LABELCONFIG_IN_USE',
      message: expect.stringMatching(/"spam" \(1\)/),
    });
    const body = { label_config: config, label_migration: { rename: { spam: 'junk' } } };
    await server.client.call('projectUpdate', { params, body });
    const [answer] = await server.client.call('projectAnnotations', { params, query: {} });
    expect(JSON.stringify(answer!.result)).toContain('"junk"');
  });
});

describe('data folders', () => {
  it('in use by another server: verbs talk to that server, a second server says who has it', async () => {
    const listed = await runCommand(['jobs', 'list'], server.folder);
    expect(listed.code).toBe(0);
    const second = await runCommand(['serve', '--port', '0'], server.folder);
    expect(second.code).toBe(74);
    expect(second.stderr).toMatch(new RegExp(`STORE_BUSY.*${server.pid}.*${server.url}`));
  });

  it('written by a newer version', async () => {
    const newer = temporaryFolder();
    writeFileSync(join(newer.folder, 'folder.json'), JSON.stringify({ application: 'headstart', schema: 9_999 }));
    const started = await runCommand(['serve', '--port', '0'], newer.folder);
    expect(started.code).toBe(74);
    expect(started.stderr).toMatch(/STORE_NEWER.*9999/s);
    newer.remove();
  });

  it.each([
    ['while the upload is kept', 4_000],
    ['while the tasks are written', 1_300],
  ])('on a disk that is full %s: nothing changes and the server lives on', async (_, count) => {
    const full = temporaryFolder();
    // A file-size limit stands in for the disk: writes beyond it fail in the same places.
    const script = `trap '' XFSZ; ulimit -f 600; exec "$@"`;
    const limited = await startServerProcess(full.folder, [], ['bash', '-c', script, 'bash']);
    const project = await createTextProject(limited.client);
    const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ text: `${i} ${'x'.repeat(400)}` })).join(
      '\n',
    );
    const importing = limited.client.upload(
      'projectImport',
      { params: { project_id: project }, query: { name: 'big.jsonl' } },
      bytesOf(rows),
    );
    await expect(importing).rejects.toMatchObject({ code: 'STORE_FULL' });
    const after = await limited.client.call('projectGet', { params: { project_id: project } });
    expect(after.task_number).toBe(0);
    await limited.kill();
    execFileSync('rm', ['-rf', full.folder]);
  });
});
