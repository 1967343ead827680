/** The documented command of examples/audio-segments, on recordings made for the test and on real ones. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeShared } from '../backends/shared.ts';
import { sharedPath } from '../backends/shared-models.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { wav } from '../helpers/sounds.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/audio-segments/run.mjs');

describeShared('examples/audio-segments', () => {
  it('marks where somebody speaks and names what cannot be read', () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const recordings = join(folder, 'recordings');
    mkdirSync(recordings);
    const digit = readFileSync(sharedPath('data/audio/fsdd/recordings/7_jackson_3.wav'));
    const samples = new Int16Array(digit.buffer.slice(digit.byteOffset + 44));
    const parts = new Float64Array(24_000);
    for (let i = 0; i < samples.length; i++) parts[8_000 + i] = samples[i]! / 32_768;
    writeFileSync(join(recordings, 'seven.wav'), wav([parts], { rate: 8_000 }));
    writeFileSync(join(recordings, 'quiet.wav'), wav([new Float64Array(8_000)], { rate: 8_000 }));
    writeFileSync(join(recordings, 'broken.wav'), digit.subarray(0, 45));
    const output = join(folder, 'segments.json');
    const { status, stdout, stderr } = spawnSync(process.execPath, [EXAMPLE, recordings, output], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('quiet.wav: nobody speaks');
    expect(stdout).toContain('3 files, 1 of them could not be read');
    const tasks = JSON.parse(readFileSync(output, 'utf8')) as {
      meta: { file: string };
      predictions: { result: { value: { start: number; end: number; labels: string[] } }[] }[];
    }[];
    const seven = tasks.find(({ meta }) => meta.file === 'seven.wav')!;
    const [segment, ...others] = seven.predictions[0]!.result;
    expect(others).toEqual([]);
    expect(segment!.value.labels).toEqual(['Speech']);
    expect(segment!.value.start).toBeGreaterThan(0.9);
    expect(segment!.value.end).toBeLessThan(1 + samples.length / 8_000 + 0.15);
  }, 60_000);
});
