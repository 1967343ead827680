/** All file formats; a name that is not here is no format. */
import { AppError } from '../core/errors.ts';
import { asrManifest } from './asr.ts';
import { brushNumpy, brushPng } from './brush-folder.ts';
import { coco } from './coco.ts';
import { conll } from './conll.ts';
import { csv, tsv } from './csv.ts';
import type { Format, Writer } from './format.ts';
import { json, jsonl } from './json.ts';
import { jsonMin } from './json-min.ts';
import { doccanoJsonl, prodigyJsonl, spacyJsonl } from './text-jsonl.ts';
import { txt } from './txt.ts';
import { voc } from './voc.ts';
import { yolo, yoloObb } from './yolo.ts';

export { unzipFiles, type ZipEntry, zipFiles } from './archive.ts';
export type * from './format.ts';
export { guessTextField, sniffFormat, type TextFieldGuess } from './guess.ts';
export * from './labelstudio.ts';

const ALL: readonly Format[] = [
  json,
  jsonl,
  csv,
  tsv,
  txt,
  jsonMin,
  conll,
  spacyJsonl,
  doccanoJsonl,
  prodigyJsonl,
  coco,
  yolo,
  yoloObb,
  voc,
  brushPng,
  brushNumpy,
  asrManifest,
];

export const FORMATS: readonly Format[] = ALL.map((format) =>
  format.write === undefined ? format : { ...format, write: inPieces(format.write) },
);

/** Enough for a network packet or a disk block many times over, so that rows do not cost a write each. */
const PIECE_LENGTH = 64 * 1024;

/** The same text in pieces of about this length. */
function inPieces(write: Writer): Writer {
  return async function* writePieces(rows, options) {
    let parts: string[] = [];
    let length = 0;
    for await (const part of write(rows, options)) {
      parts.push(part);
      length += part.length;
      if (length < PIECE_LENGTH) continue;
      yield parts.join('');
      parts = [];
      length = 0;
    }
    if (length > 0) yield parts.join('');
  };
}

type Ability = 'read' | 'write' | 'readFolder' | 'writeFolder';

/** A format that is sure to be able to do what was asked for. */
export type FormatThat<Can extends Ability> = Format & Required<Pick<Format, Can>>;

/** Label Studio's names where they are not ours in capitals. */
const ALIASES: Readonly<Record<string, string>> = {
  conll: 'conll2003',
  'brush-to-png': 'brush-png',
  'brush-to-numpy': 'brush-numpy',
};

/** Throws INPUT_BAD_FORMAT, also when the format cannot do what is wanted. Label Studio's names (`JSON_MIN`) work too. */
export function formatNamed<Can extends Ability>(name: string, can: Can): FormatThat<Can> {
  const format = named(name);
  if (format?.[can] !== undefined) return format as FormatThat<Can>;
  throw unable(name, format, can.startsWith('read') ? 'imported' : 'exported', (one) => one[can] !== undefined);
}

/** The format for a whole import or export, of one file or of a folder. Throws INPUT_BAD_FORMAT. */
export function formatFor(name: string, use: 'import' | 'export'): Format {
  const [file, folder]: readonly [Ability, Ability] =
    use === 'import' ? ['read', 'readFolder'] : ['write', 'writeFolder'];
  const can = (one: Format) => one[file] !== undefined || one[folder] !== undefined;
  const format = named(name);
  if (format !== undefined && can(format)) return format;
  throw unable(name, format, `${use}ed`, can);
}

function named(name: string): Format | undefined {
  const wanted = name.toLowerCase().replaceAll('_', '-');
  return FORMATS.find((one) => one.name === (ALIASES[wanted] ?? wanted));
}

function unable(name: string, format: Format | undefined, does: string, can: (one: Format) => boolean): AppError {
  const able = FORMATS.filter(can).map((one) => one.name);
  const what = format === undefined ? `There is no format "${name}"` : `Format "${name}" cannot be ${does}`;
  return new AppError('INPUT_BAD_FORMAT', `${what}; there are: ${able.join(', ')}.`, { details: { name, able } });
}
