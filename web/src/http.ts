/** One way to talk to the server: JSON in, JSON out, problems with their code, the right token. */
import { currentToken } from './identity.ts';

/** What the server refused, in its own words. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** Would the same request succeed later, unchanged? */
  get passing(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

export interface CallOptions {
  readonly body?: unknown;
  /** Overrides the token of this browser; null sends none. */
  readonly token?: string | null;
}

/** A server that hangs must not hold up the outbox; uploads may take as long as they need. */
const TIMEOUT_MS = 20_000;

/** Resolves with the parsed body, or undefined for 204. Rejects with ApiProblem, or with TypeError when offline. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const raw = options.body instanceof Blob || options.body instanceof FormData;
  const headers: Record<string, string> = authorization(options.token);
  if (options.body instanceof Blob) headers['content-type'] = 'application/octet-stream';
  else if (options.body !== undefined && !raw) headers['content-type'] = 'application/json';
  const request: RequestInit = { method, headers };
  if (!raw) request.signal = AbortSignal.timeout(TIMEOUT_MS);
  if (options.body !== undefined) request.body = raw ? (options.body as Blob | FormData) : JSON.stringify(options.body);
  const response = await fetch(path, request);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export function authorization(token: string | null = currentToken()): Record<string, string> {
  return token === null ? {} : { authorization: `Token ${token}` };
}

export function problemOf(status: number, text: string): ApiProblem {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const message = [body.message, body.detail].find((one) => typeof one === 'string') as string | undefined;
    const details = typeof body.details === 'object' && body.details !== null ? body.details : {};
    return new ApiProblem(status, String(body.code ?? status), message ?? `The server answered ${status}.`, {
      ...details,
    });
  } catch {
    return new ApiProblem(status, String(status), `The server answered ${status}.`);
  }
}

/** One sentence for people about any failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
    return 'The server does not answer. Is it running?';
  return error instanceof Error ? error.message : String(error);
}
