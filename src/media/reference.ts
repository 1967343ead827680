/** What a text in the data of a task points to: one of five forms that are understood, or nothing that may be read. */
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export type Reference =
  /** A file uploaded here (or, in tasks that come from Label Studio, there): name without the project's number. */
  | { readonly kind: 'upload'; readonly name: string }
  /** Below the local-files folder. */
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

const UPLOAD = /^\/?(?:data\/)?upload\/\d+\/([^/?#]+)$/;
const LOCAL = /^\/?data\/local-files\/?\?(.*)$/;
const DATA = /^data:[^,]{0,200},/i;

/** Throws MEDIA_FORBIDDEN for paths, `file:` and other schemes, LIMIT_SIZE and MEDIA_BAD_FILE for data that is not usable. */
export function parseReference(text: string): Reference {
  const upload = UPLOAD.exec(text);
  if (upload) return { kind: 'upload', name: decoded(upload[1]!) };
  const local = LOCAL.exec(text);
  if (local) return { kind: 'local', path: new URLSearchParams(local[1]).get('d') ?? '' };
  if (/^https?:\/\//i.test(text)) return { kind: 'http', url: text };
  const data = DATA.exec(text);
  if (data) return { kind: 'data', bytes: dataBytes(text, data[0]) };
  throw new AppError('MEDIA_FORBIDDEN', `${kindOf(text)} may not be read; give an upload, a local file or an address.`);
}

/** Says what was given without repeating it: it may be a path of somebody's machine, or megabytes. */
function kindOf(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]{1,20}):/i.exec(text)?.[1];
  if (scheme !== undefined) return `A ${scheme.toLowerCase()}: address`;
  return /^[/\\]/.test(text) ? 'A path' : 'A text that is no address';
}

function dataBytes(text: string, head: string): Uint8Array {
  const most = LIMITS.mediaDataUriCharsMax;
  if (text.length > most) {
    throw new AppError('LIMIT_SIZE', `The data: address has ${text.length} characters; the limit is ${most}.`, {
      details: { given: text.length, most },
    });
  }
  const body = text.slice(head.length);
  return /;base64,$/i.test(head) ? Buffer.from(body, 'base64') : Buffer.from(decoded(body), 'utf8');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new AppError('MEDIA_BAD_FILE', 'The address holds a broken % sequence.', { cause: error });
  }
}
