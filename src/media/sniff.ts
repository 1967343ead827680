/** What a file is, from its bytes alone: names and headers come from strangers. */

export type MediaKind = 'image' | 'audio' | 'video' | 'text' | 'document' | 'other';

export interface MediaType {
  /** What it is served as; text is always plain, whatever it says it is. */
  readonly type: string;
  readonly kind: MediaKind;
  /** For file names, with the dot. */
  readonly extension: string;
  /** May a browser show it? Everything else is a download. */
  readonly inline: boolean;
}

const shown = (type: string, kind: MediaKind, extension: string): MediaType => ({
  type,
  kind,
  extension,
  inline: true,
});
const download = (type: string, kind: MediaKind, extension: string): MediaType => ({
  type,
  kind,
  extension,
  inline: false,
});

export const PLAIN_TEXT = shown('text/plain; charset=utf-8', 'text', '.txt');
/** HTML, SVG, XML: text that a browser would run if it were told what it is. */
export const MARKUP = download('text/plain; charset=utf-8', 'text', '.txt');
export const UNKNOWN = download('application/octet-stream', 'other', '.bin');
const OGG_VIDEO = shown('video/ogg', 'video', '.ogv');
const MP4_AUDIO = shown('audio/mp4', 'audio', '.m4a');

/** Bytes that `sniff` wants to see; fewer when the file is shorter. */
export const SNIFF_BYTES = 4_096;

type Test = (head: Uint8Array) => boolean;

/** First match wins. */
const MAGIC: readonly (readonly [MediaType, Test])[] = [
  [shown('image/png', 'image', '.png'), at(0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  [shown('image/jpeg', 'image', '.jpg'), at(0, [0xff, 0xd8, 0xff])],
  [shown('image/gif', 'image', '.gif'), (head) => at(0, 'GIF87a')(head) || at(0, 'GIF89a')(head)],
  [shown('image/webp', 'image', '.webp'), (head) => at(0, 'RIFF')(head) && at(8, 'WEBP')(head)],
  [shown('image/bmp', 'image', '.bmp'), (head) => at(0, 'BM')(head) && at(6, [0, 0, 0, 0])(head)],
  [shown('image/tiff', 'image', '.tif'), isTiff],
  [shown('audio/wav', 'audio', '.wav'), (head) => (at(0, 'RIFF')(head) || at(0, 'RF64')(head)) && at(8, 'WAVE')(head)],
  [shown('audio/flac', 'audio', '.flac'), at(0, 'fLaC')],
  [OGG_VIDEO, (head) => at(0, 'OggS')(head) && at(29, 'theora')(head)],
  [shown('audio/ogg', 'audio', '.ogg'), at(0, 'OggS')],
  [MP4_AUDIO, (head) => at(4, 'ftypM4A')(head) || at(4, 'ftypM4B')(head)],
  [
    shown('video/mp4', 'video', '.mp4'),
    (head) =>
      ['isom', 'iso2', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'dash', 'M4V '].some((b) =>
        at(4, `ftyp${b}`)(head),
      ),
  ],
  [shown('video/webm', 'video', '.webm'), at(0, [0x1a, 0x45, 0xdf, 0xa3])],
  [download('application/pdf', 'document', '.pdf'), at(0, '%PDF-')],
  [shown('audio/mpeg', 'audio', '.mp3'), (head) => at(0, 'ID3')(head) || isMpegFrame(head)],
];

export function sniff(head: Uint8Array): MediaType {
  const known = MAGIC.find(([, test]) => test(head));
  if (known) return known[0];
  const text = textOf(head);
  if (text === null || text === '') return UNKNOWN;
  return /^\s*</.test(text) ? MARKUP : PLAIN_TEXT;
}

function at(offset: number, wanted: string | readonly number[]): Test {
  const bytes = typeof wanted === 'string' ? Buffer.from(wanted, 'latin1') : wanted;
  return (head) => {
    for (let i = 0; i < bytes.length; i++) if (head[offset + i] !== bytes[i]) return false;
    return true;
  };
}

/** An MPEG audio frame header: 11 bits set, layer III, no reserved bit rate or sample rate. */
function isMpegFrame(head: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = head;
  return (
    first === 0xff && (second & 0xe6) === 0xe2 && third >> 4 !== 15 && third >> 4 !== 0 && ((third >> 2) & 3) !== 3
  );
}

/** Either byte order, classic (42) or BigTIFF (43). */
function isTiff([first, second, third = 0, fourth = 0]: Uint8Array): boolean {
  const isLittle = first === 0x49 && second === 0x49;
  const isBig = first === 0x4d && second === 0x4d;
  const [low, high] = isLittle ? [third, fourth] : [fourth, third];
  return (isLittle || isBig) && (low === 42 || low === 43) && high === 0;
}

/** UTF-8 without control characters; null for anything else. A character cut off at the end does no harm. */
function textOf(head: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells binary from text
    return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}
