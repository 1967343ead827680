/** Brush masks as one picture or array per region, named as Label Studio names them. */
import { encode } from 'fast-png';
import type { Region } from '../core/domain.ts';
import type { Size } from '../core/geometry.ts';
import { isJsonObject } from '../core/json.ts';
import { decodeBrush, namesIn } from '../labelconfig/index.ts';
import type { ExportRow, ExportRows, FolderWriter, Format, OutputFile, WriteOptions } from './format.ts';
import { safeName, uniqueNames } from './paths.ts';

export const brushPng: Format = {
  name: 'brush-png',
  title: 'Brush masks as 8-bit grey PNG, one per region',
  holds: 'masks',
  extensions: [],
  mediaTypes: [],
  writeFolder: writer('png', (mask, { width, height }) => encode({ width, height, data: mask, channels: 1, depth: 8 })),
};

export const brushNumpy: Format = {
  name: 'brush-numpy',
  title: 'Brush masks as NumPy arrays (height x width, uint8), one per region',
  holds: 'masks',
  extensions: [],
  mediaTypes: [],
  writeFolder: writer('npy', encodeNpy),
};

function writer(extension: string, encodeMask: (mask: Uint8Array, size: Size) => Uint8Array): FolderWriter {
  return async function* writeMasks(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<OutputFile> {
    const nameOf = uniqueNames();
    for await (const row of rows()) {
      for (const { prefix, region } of masksOf(row)) {
        const { original_width: width, original_height: height } = region;
        if (typeof width !== 'number' || typeof height !== 'number') {
          options.onLoss?.(row.task.id, 'A mask without the size of its image is left out.');
          continue;
        }
        const labels = namesIn(region, String(region.type));
        const parts = [prefix, String(region.from_name), ...(labels.length === 0 ? ['mask'] : labels)];
        const path = `${nameOf(safeName(parts.join('-')), row.task.id)}.${extension}`;
        try {
          const mask = decodeBrush((region.value as { rle: number[] }).rle, { width, height });
          yield { path, content: encodeMask(mask, { width, height }) };
        } catch (error) {
          options.onLoss?.(row.task.id, (error as Error).message);
        }
      }
    }
  };
}

function masksOf({ task, annotations, predictions }: ExportRow): { prefix: string; region: Region }[] {
  const isMask = (region: Region) => isJsonObject(region.value) && Array.isArray(region.value.rle);
  const byPeople = annotations
    .filter((one) => !one.skipped)
    .map((one) => ({ prefix: `task-${task.id}-annotation-${one.id}-by-${one.annotatorId}`, result: one.result }));
  const byMachines = predictions.map(({ labeler, result }) => ({
    prefix: `task-${task.id}-prediction-by-${labeler.name}-${labeler.version}`,
    result,
  }));
  return [...byPeople, ...byMachines].flatMap(({ prefix, result }) =>
    result.filter(isMask).map((region) => ({ prefix, region })),
  );
}

/** NumPy's file format, version 1.0: magic, length of the header, the header padded to 64 bytes, the bytes row by row. */
function encodeNpy(mask: Uint8Array, { width, height }: Size): Uint8Array {
  const fields = `{'descr': '|u1', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  const start = 10;
  const header = `${fields.padEnd(Math.ceil((start + fields.length + 1) / 64) * 64 - start - 1)}\n`;
  const file = new Uint8Array(start + header.length + mask.length);
  file.set([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8]);
  file.set(Buffer.from(header), start);
  file.set(mask, start + header.length);
  return file;
}
