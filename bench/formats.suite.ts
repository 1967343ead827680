/** Brush code against a plain loop over the pixels; reading and writing 100,000 tasks: rows per second, memory flat. */
import type { Region } from '../src/core/domain.ts';
import { seededRandom } from '../src/core/random.ts';
import { type ExportRow, formatNamed } from '../src/formats/index.ts';
import { decodeBrush, encodeBrush } from '../src/labelconfig/index.ts';
import { exportRow } from '../test/formats/helpers.ts';
import { interleave, type Suite, timeMs } from './harness.ts';

const SIDE = 1024;

export const suite: Suite = {
  name: 'formats',
  async run(report, { quick }) {
    await brushFigures(report, quick ? 5 : 20);
    await rowFigures(report, quick ? 10_000 : 100_000);
  },
};

type Report = Parameters<Suite['run']>[0];

async function brushFigures(report: Report, runs: number): Promise<void> {
  const mask = paintedMask();
  const rle = encodeBrush(mask);
  const size = { width: SIDE, height: SIDE };
  const copy = new Uint8Array(mask.length);
  const loop = () => {
    for (let i = 0; i < mask.length; i++) copy[i] = mask[i]! === 0 ? 0 : 255;
  };
  const shared = { unit: 'x', baseline: 'plain loop that copies every pixel', n: mask.length };
  const encode = await interleave(runs, () => encodeBrush(mask), loop);
  report({
    figure: 'rle_encode_vs_loop',
    ...pick(encode),
    ...shared,
    extra: { ms: encode.oursMs, code_bytes: rle.length },
  });
  const decode = await interleave(runs, () => decodeBrush(rle, size), loop);
  report({
    figure: 'rle_decode_vs_loop',
    ...pick(decode),
    ...shared,
    extra: { ms: decode.oursMs, code_bytes: rle.length },
  });
}

/** A mask as people paint it: discs of several sizes, some over the edge. */
function paintedMask(): Uint8Array {
  const random = seededRandom('mask');
  const mask = new Uint8Array(SIDE * SIDE);
  for (let disc = 0; disc < 40; disc++) {
    const [cx, cy, radius] = [random.int(SIDE), random.int(SIDE), 10 + random.int(100)];
    for (let y = Math.max(0, cy - radius); y < Math.min(SIDE, cy + radius); y++) {
      const half = Math.sqrt(radius ** 2 - (y - cy) ** 2);
      mask.fill(255, y * SIDE + Math.max(0, Math.round(cx - half)), y * SIDE + Math.min(SIDE, Math.round(cx + half)));
    }
  }
  return mask;
}

async function rowFigures(report: Report, n: number): Promise<void> {
  const cases = [
    ['ls_export_rows_per_s', 'json', 'Label Studio JSON, one human answer with three boxes each'],
    ['coco_export_rows_per_s', 'coco', 'COCO, three boxes each, three passes'],
    ['csv_export_rows_per_s', 'csv', 'CSV, two passes'],
  ] as const;
  for (const [figure, format, baseline] of cases) {
    const { peakMb, seconds, bytes } = await exported(format, n);
    report({ figure, value: n / seconds, runs: 1, unit: '/s', baseline, n, extra: { seconds, file_mb: bytes / 1e6 } });
    if (format !== 'json') continue;
    const small = await exported(format, n / 10);
    const extra = { at_a_tenth_mb: small.peakMb };
    report({
      figure: 'export_peak_mb',
      value: peakMb,
      runs: 1,
      unit: 'MB',
      baseline: 'heap growth while writing',
      n,
      extra,
    });
  }
  const lines = Buffer.from(`${JSON.stringify({ data: { text: 'a text to label '.repeat(20) } })}\n`.repeat(1000));
  for (const format of ['jsonl', 'json', 'csv'] as const) {
    const chunks = format === 'csv' ? csvChunks(n) : repeated(lines, n / 1000);
    let rows = 0;
    const ms = await timeMs(async () => {
      for await (const _row of formatNamed(format, 'read').read(chunks)) rows += 1;
    });
    report({
      figure: `${format}_import_rows_per_s`,
      value: rows / (ms / 1000),
      runs: 1,
      unit: '/s',
      baseline: 'reading alone',
      n: rows,
    });
  }
}

function* repeated(lines: Uint8Array, times: number): Generator<Uint8Array> {
  for (let i = 0; i < times; i++) yield lines;
}

function* csvChunks(n: number): Generator<Uint8Array> {
  yield Buffer.from('id,text\n');
  yield* repeated(Buffer.from(`7,"${'a text, to label '.repeat(20)}"\n`.repeat(1000)), n / 1000);
}

async function exported(format: string, n: number): Promise<{ seconds: number; peakMb: number; bytes: number }> {
  const before = process.memoryUsage().heapUsed;
  let peak = before;
  let bytes = 0;
  let pieces = 0;
  const ms = await timeMs(async () => {
    for await (const piece of formatNamed(format, 'write').write(() => rowsOf(n))) {
      bytes += piece.length;
      pieces += 1;
      if (pieces % 1000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
    }
  });
  return { seconds: ms / 1000, peakMb: (peak - before) / 1e6, bytes };
}

function* rowsOf(n: number): Generator<ExportRow> {
  for (let id = 1; id <= n; id++) yield rowOf(id);
}

function rowOf(id: number): ExportRow {
  const result = [0, 1, 2].map(
    (i): Region => ({
      id: `r${i}`,
      from_name: 'label',
      to_name: 'image',
      type: 'rectanglelabels',
      original_width: 640,
      original_height: 480,
      image_rotation: 0,
      value: {
        x: 10 * i,
        y: 5 + (id % 50),
        width: 10,
        height: 20,
        rotation: 0,
        rectanglelabels: [`class ${(id + i) % 8}`],
      },
    }),
  );
  return exportRow(id, { image: `images/${id}.jpg` }, result);
}

function pick({ value, min, max, runs }: { value: number; min: number; max: number; runs: number }) {
  return { value, min, max, runs };
}
