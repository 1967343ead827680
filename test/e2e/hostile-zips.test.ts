/** Hostile and careless zips at a real server: nothing is written, nothing is kept; what is harmless is read. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { BOXES, TEXT_CLASSES } from '../helpers/labeled.ts';
import { servedFolder } from '../helpers/served.ts';
import { newProject, upload } from '../helpers/transfer.ts';

const server = servedFolder();

/** A zip whose only entry has any name at all: the name is changed in place, at equal length. */
function named(name: string): Uint8Array {
  const placeholder = 'x'.repeat(Buffer.byteLength(name));
  const bytes = Buffer.from(zipSync({ [placeholder]: strToU8('<annotation/>') }));
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + 1)) bytes.write(name, at);
  return bytes;
}

const good = '<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height></size></annotation>';

describe('a hostile zip', () => {
  it.each([
    ['zip slip up', named('../../evil.xml'), 'INPUT_BAD_FORMAT'],
    ['zip slip absolute', named('/tmp/evil.xml'), 'INPUT_BAD_FORMAT'],
    ['zip slip by backslashes', named('..\\evil.xml'), 'INPUT_BAD_FORMAT'],
    ['a bomb', zipSync({ 'a.xml': new Uint8Array(50_000_000) }, { level: 9 }), 'LIMIT_SIZE'],
    ['a zip cut off', zipSync({ 'a.xml': strToU8(good) }).subarray(0, 60), 'INPUT_BAD_FORMAT'],
    ['an empty zip', zipSync({}), 'INPUT_BAD_FORMAT'],
    ['a zip of nothing we know', zipSync({ 'a.exe': strToU8('MZ') }), 'INPUT_BAD_FORMAT'],
    ['one good file and one bad', zipSync({ 'a.xml': strToU8(good), 'b.xml': strToU8('<x') }), 'INPUT_BAD_ROW'],
    ['billion laughs', zipSync({ 'a.xml': strToU8('<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>') }), 'INPUT_BAD_ROW'],
    ['no zip, but called so', strToU8('PK\u0003\u0004 nonsense'), 'INPUT_BAD_FORMAT'],
  ])('%s changes nothing', async (_what, bytes, code) => {
    const id = await newProject(server.client, BOXES);
    await expect(upload(server.client, id, bytes, { name: 'x.zip' })).rejects.toMatchObject({ code });
    const project = await server.client.call('projectGet', { params: { project_id: id } });
    expect(project.task_number).toBe(0);
    const spool = join(server.folder, 'spool');
    expect(existsSync(spool) ? readdirSync(spool) : []).toEqual([]);
  });

  it('with litter of a packer in it is read without', async () => {
    const id = await newProject(server.client, BOXES);
    const files = { 'set/Annotations/a.xml': strToU8(good), '__MACOSX/set/._a.xml': strToU8('\0\0') };
    const reply = await upload(server.client, id, zipSync(files), { name: 'set.zip' });
    expect(reply).toMatchObject({ task_count: 1, found_formats: { voc: 1 } });
  });

  it('of one file with its pictures is read as that file', async () => {
    const id = await newProject(server.client, TEXT_CLASSES);
    const files = { 'tasks.jsonl': strToU8('{"text":"a"}\n{"text":"b"}'), 'images/a.png': strToU8('x') };
    const reply = await upload(server.client, id, zipSync(files), { name: 'tasks.zip' });
    expect(reply).toMatchObject({ task_count: 2, found_formats: { jsonl: 1 } });
  });
});
