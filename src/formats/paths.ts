/** Names for files that are made from what tasks say: contained, portable, each only once. */

/** Names that cannot be a file somewhere, or would be hidden. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** File systems take 255 bytes; room is left for suffixes. */
const NAME_LENGTH_MAX = 100;

/** The last part of a URL or path without its extension and without anything that could lead elsewhere. */
export function safeStem(path: string): string {
  const last = path.split(/[?#]/)[0]!.split(/[\\/]/).at(-1) ?? '';
  return safeName(last.replace(/\.[A-Za-z0-9]{1,5}$/, ''));
}

/** A text as one part of a path. */
export function safeName(text: string): string {
  const clean = text.replace(/[^\p{L}\p{N}_.-]+/gu, '_').replace(/^[._-]+|\.+$/g, '');
  const short = clean.slice(0, NAME_LENGTH_MAX);
  return short === '' || RESERVED.test(short) ? `file_${short}` : short;
}

/** Gives each name once; a repeated one gets the task's id. Case does not tell names apart, as on Windows and macOS. */
export function uniqueNames(): (name: string, taskId: number) => string {
  const used = new Set<string>();
  return (name, taskId) => {
    let free = name;
    for (let n = 0; used.has(free.toLowerCase()); n++) free = n === 0 ? `${name}-${taskId}` : `${name}-${taskId}-${n}`;
    used.add(free.toLowerCase());
    return free;
  };
}
