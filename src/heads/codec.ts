/** Heads as bytes: a JSON line, then the weights and biases as little-endian float32. */
import { AppError } from '../core/errors.ts';
import type { Head } from './head.ts';
import type { Link } from './link.ts';

const FORMAT = 'headstart-head/1';

interface Header {
  readonly format: string;
  readonly link: Link;
  readonly classes: readonly string[];
  readonly dim: number;
  readonly temperature: number;
  readonly l2: number;
  readonly trainedOn: readonly number[];
}

/** Equal heads give equal bytes, so a hash of them names the version. */
export function encodeHead(head: Head): Uint8Array {
  const header: Header = {
    format: FORMAT,
    link: head.link,
    classes: head.classes,
    dim: head.dim,
    temperature: head.temperature,
    l2: head.l2,
    trainedOn: head.trainedOn,
  };
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const bytes = new Uint8Array(line.length + 4 * (head.weights.length + head.bias.length));
  bytes.set(line);
  const view = new DataView(bytes.buffer, line.length);
  head.weights.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  head.bias.forEach((value, i) => {
    view.setFloat32(4 * (head.weights.length + i), value, true);
  });
  return bytes;
}

/** Throws STORE_CORRUPT when the bytes are not a head. */
export function decodeHead(bytes: Uint8Array): Head {
  const lineEnd = bytes.indexOf(10);
  const header = lineEnd < 0 ? undefined : readHeader(bytes.subarray(0, lineEnd));
  if (header === undefined) throw new AppError('STORE_CORRUPT', 'The bytes of a stored head have no readable header.');
  const classCount = header.classes.length;
  const expected = 4 * classCount * (header.dim + 1);
  const body = bytes.subarray(lineEnd + 1);
  if (body.length !== expected) {
    throw new AppError('STORE_CORRUPT', `A stored head holds ${body.length} bytes of weights, not ${expected}.`);
  }
  const values = readFloats(body);
  const { format: _, ...plain } = header;
  return {
    ...plain,
    weights: values.slice(0, classCount * header.dim),
    bias: values.slice(classCount * header.dim),
  };
}

function readHeader(line: Uint8Array): Header | undefined {
  try {
    const header = JSON.parse(new TextDecoder().decode(line)) as Header;
    return header.format === FORMAT ? header : undefined;
  } catch {
    return undefined;
  }
}

function readFloats(body: Uint8Array): Float32Array {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Float32Array.from({ length: body.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
