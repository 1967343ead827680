/** Every error a user can meet: one table of codes, one class, one way to raise it. */

interface ErrorKind {
  /** HTTP status the server answers with. */
  readonly status: number;
  /** May the same request succeed later without being changed? */
  readonly retryable: boolean;
  /** What it means and what to do, one sentence; the docs repeat it and a test compares them. */
  readonly meaning: string;
}

const kind = (status: number, meaning: string, retryable = false): ErrorKind => ({ status, retryable, meaning });

export const ERROR_KINDS = {
  CONFIG_BAD_VALUE: kind(500, 'A setting from a flag, the environment or a file has a value that is not allowed.'),

  INPUT_BAD_JSON: kind(400, 'The text is not JSON; details name the line and column.'),
  INPUT_BAD_ROW: kind(422, 'A row of an imported file does not fit; details name the row and the reason.'),
  INPUT_BAD_ENCODING: kind(422, 'The file is not UTF-8; save it as UTF-8 and import it again.'),
  INPUT_BAD_FORMAT: kind(422, 'The format is not known or does not hold what was asked for.'),
  INPUT_BAD_FIELD: kind(422, 'A field of the request has a value that is not allowed; details name it.'),
  INPUT_BAD_RESULT: kind(422, 'A region of an annotation or prediction does not fit the label config.'),
  INPUT_DUPLICATE_ID: kind(422, 'Two rows of one import carry the same id.'),
  INPUT_EMPTY: kind(422, 'The file or request holds nothing to work on.'),
  INPUT_MISSING_FIELD: kind(422, 'A task lacks a data field that the label config shows.'),

  LABELCONFIG_BAD_XML: kind(422, 'The label config is not well-formed XML; details name line and column.'),
  LABELCONFIG_FORBIDDEN_XML: kind(422, 'The label config uses a DTD or an entity other than the five of XML.'),
  LABELCONFIG_NO_CONTROL: kind(422, 'The label config has no control tag, so there is nothing to label.'),
  LABELCONFIG_BAD_TAG: kind(422, 'A tag lacks an attribute, repeats a name, or names a tag that is not there.'),
  LABELCONFIG_IN_USE: kind(409, 'The change would drop labels that annotations use; say what to do with them.'),

  LIMIT_BODY: kind(413, 'The request is larger than the limit.'),
  LIMIT_SIZE: kind(422, 'A value is larger or deeper than the limit; details name both.'),
  LIMIT_QUEUE: kind(429, 'Too much work is waiting; try again after the time in Retry-After.', true),

  AUTH_REQUIRED: kind(401, 'A token is needed: send `Authorization: Token ...`.'),
  AUTH_UNKNOWN_TOKEN: kind(401, 'The token is not known or was revoked.'),
  AUTH_FORBIDDEN: kind(403, 'This token may not do that.'),
  AUTH_BAD_ORIGIN: kind(403, 'The request comes from another web page or host name.'),

  NOT_FOUND: kind(404, 'There is no such thing, or it belongs to a project that you cannot see.'),
  CONFLICT: kind(409, 'The thing has changed or is in use; read it again.'),
  CONFLICT_LEASE: kind(409, 'The task is leased to somebody else.'),
  CONFLICT_CANCELLED: kind(409, 'The work was cancelled.'),

  MEDIA_FORBIDDEN: kind(422, 'The path or address may not be read.'),
  MEDIA_BAD_FILE: kind(422, 'The file is damaged, or of another kind than what is wanted here.'),
  MEDIA_FETCH: kind(502, 'The media could not be fetched.', true),

  BACKEND_UNVERIFIED: kind(503, 'A model file does not match its recorded checksum; it is not loaded.'),
  BACKEND_LOAD: kind(503, 'A model could not be loaded; `headstart doctor` says what works here.'),
  BACKEND_TIMEOUT: kind(504, 'A model did not answer within its deadline.', true),
  BACKEND_CRASHED: kind(503, 'The process that ran the model died.', true),
  BACKEND_BAD_OUTPUT: kind(502, 'A model answered with a wrong shape or with numbers that are not finite.'),
  BACKEND_BAD_ITEM: kind(422, 'The model cannot take this item; the others are not affected.'),

  RULE_BAD_DOCUMENT: kind(422, 'A rule document does not fit the schema; details name line and column.'),
  RULE_BAD_PATTERN: kind(422, 'A regular expression of a rule cannot be read; details name line and column.'),
  RULE_UNSAFE_PATTERN: kind(422, 'A regular expression may take exponential time and no safe engine can run it.'),
  RULE_FAULT: kind(500, 'A rule overran its time or failed while matching; the votes of that version are withdrawn.'),

  STUDIO_UNREACHABLE: kind(502, 'Label Studio does not answer, or not as it should; it is asked again.', true),
  STUDIO_REFUSED: kind(502, 'Label Studio refused a call; details give its status and what it said.'),

  STORE_BUSY: kind(503, 'The data folder is in use by another process.', true),
  STORE_FULL: kind(507, 'The disk is full; nothing was changed. Free some space and try again.', true),
  STORE_CORRUPT: kind(500, 'A file in the data folder is damaged; details name it.'),
  STORE_NEWER: kind(500, 'The data folder was written by a newer version; upgrade to open it.'),

  INTERNAL: kind(500, 'A fault of ours; the request id finds it in the log.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export interface ErrorOptions {
  /** Where it went wrong: line, column, field, region... Never secrets or whole inputs. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error that a user can act on. Bugs are plain `Error`s and become INTERNAL at the edge. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get status(): number {
    return ERROR_KINDS[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }

  /** The plain form that crosses process and network borders; `fromPlain` reads it back. */
  toPlain(): PlainError {
    return { code: this.code, message: this.message, details: this.details };
  }

  static fromPlain(plain: PlainError): AppError {
    return new AppError(plain.code, plain.message, { details: plain.details });
  }
}

export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Any thrown value as an AppError: bugs become INTERNAL with the original as cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('INTERNAL', 'An internal error occurred.', { cause: error });
}

/** Stops on a programming error: never an AppError, never retried. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
