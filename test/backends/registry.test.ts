import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelInfo, modelVersion } from '../../src/backends/manifest.ts';
import { builtinModels, modelFolder, readVerified } from '../../src/backends/registry.ts';
import { fakeModel, fakePool, texts } from './fake.ts';

const WEIGHTS = createHash('sha256').update('weights').digest('hex');

function modelDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-model-'));
  writeFileSync(join(folder, 'w.bin'), 'weights');
  return folder;
}

describe('model registry', () => {
  it('lists models whose files are all there and unchanged', async () => {
    const models = builtinModels();
    expect(models.map((model) => model.name)).toEqual([
      'lexical',
      'lexical-wide',
      'use-lite',
      'image-descriptor',
      'image-facts',
      'image-hash',
      'audio-descriptor',
      'silero-vad',
      'pp-ocr',
    ]);
    for (const model of models) {
      const files = await readVerified(model, modelFolder(model));
      expect([...files.keys()]).toEqual(Object.keys(model.files));
      expect(model.license).not.toBe('');
      expect(modelInfo(model).dim > 0).toBe(model.kind === 'embedding');
    }
  });

  it('makes a new version of any change to weights or processing, and of nothing else', () => {
    const version = modelVersion(fakeModel());
    expect(modelVersion(fakeModel({ license: 'MIT', batch: { costMax: 1, itemsMax: 1 } }))).toBe(version);
    const others = [
      fakeModel({ files: { 'w.bin': WEIGHTS } }),
      fakeModel({ processing: { revision: 2 } }),
      fakeModel({ outputs: { embedding: { dim: 5 } } }),
      fakeModel({ runtime: 'other' }),
    ].map(modelVersion);
    expect(new Set([version, ...others]).size).toBe(5);
  });

  it('refuses a changed byte', async () => {
    const folder = modelDir();
    const entry = fakeModel({ source: { type: 'folder', path: folder }, files: { 'w.bin': WEIGHTS } });
    expect(Buffer.from((await readVerified(entry, folder)).get('w.bin')!).toString()).toBe('weights');
    writeFileSync(join(folder, 'w.bin'), 'weighty');
    await expect(readVerified(entry, folder)).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
    const pool = fakePool({ models: [entry] });
    await expect(pool.embed('fake', texts('a'), { lane: 'bulk' })).rejects.toMatchObject({
      code: 'BACKEND_UNVERIFIED',
    });
  });

  it('reads nothing outside of the folder, by name or by link, even with the right checksum', async () => {
    const folder = modelDir();
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    symlinkSync('../w.bin', join(inner, 'link.bin'));
    for (const name of ['../w.bin', join(folder, 'w.bin'), 'link.bin']) {
      const code = name.startsWith('/') ? 'BACKEND_LOAD' : 'BACKEND_UNVERIFIED';
      const entry = fakeModel({ files: { [name]: WEIGHTS } });
      await expect(readVerified(entry, inner), name).rejects.toMatchObject({ code });
    }
  });

  it('takes a hard link for the file that it is: the checksum decides', async () => {
    const folder = modelDir();
    linkSync(join(folder, 'w.bin'), join(folder, 'hard.bin'));
    const entry = fakeModel({ files: { 'hard.bin': WEIGHTS } });
    expect((await readVerified(entry, folder)).size).toBe(1);
  });

  it('says which package is missing', () => {
    const source = { type: 'npm', package: '@nobody/no-such-model', version: '1.0.0', folder: '.' } as const;
    expect(() => modelFolder(fakeModel({ source }))).toThrow('@nobody/no-such-model@1.0.0');
  });
});
