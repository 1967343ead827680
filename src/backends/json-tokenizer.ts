/** A tokenizer.json, with what its library does not do: cutting long texts between their special tokens. */
import { Tokenizer } from '@huggingface/tokenizers';
import { AppError } from '../core/errors.ts';
import { isJsonObject, parseJson } from '../core/json.ts';

export interface Encoded {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

export interface JsonTokenizerOptions {
  /** Special tokens included; what lies beyond is not read. */
  readonly tokensMax: number;
  /** Put before every text. */
  readonly prefix?: string;
}

export class JsonTokenizer {
  readonly padding: number;
  readonly special: ReadonlySet<string>;
  readonly unknown: string;
  readonly byteLevel: boolean;
  private readonly tokenizer: Tokenizer;
  private readonly options: JsonTokenizerOptions;
  /** Special tokens before and after every text. */
  private readonly frame: { readonly before: number; readonly after: number };

  constructor(bytes: Uint8Array, options: JsonTokenizerOptions) {
    const json = readJson(bytes);
    this.tokenizer = withReason(() => new Tokenizer(json, {}));
    this.options = options;
    this.special = new Set((json.added_tokens ?? []).filter((one) => one.special).map((one) => one.content));
    this.unknown = json.model.unk_token ?? '[UNK]';
    this.byteLevel = JSON.stringify(json.pre_tokenizer ?? null).includes('ByteLevel');
    this.padding =
      json.padding?.pad_id ?? this.tokenizer.token_to_id('[PAD]') ?? this.tokenizer.token_to_id('<pad>') ?? 0;
    this.frame = this.measureFrame();
  }

  encode(text: string): Encoded {
    const { ids, tokens }: Encoded = this.tokenizer.encode((this.options.prefix ?? '') + text);
    const { tokensMax } = this.options;
    if (ids.length <= tokensMax) return { ids, tokens };
    const { after } = this.frame;
    const cut = <T>(all: readonly T[]): T[] => [...all.slice(0, tokensMax - after), ...all.slice(all.length - after)];
    return { ids: cut(ids), tokens: cut(tokens) };
  }

  private measureFrame(): { before: number; after: number } {
    const framed: readonly number[] = this.tokenizer.encode('a').ids;
    const plain: readonly number[] = this.tokenizer.encode('a', { add_special_tokens: false }).ids;
    const before = framed.findIndex((_, at) => plain.every((id, i) => framed[at + i] === id));
    return { before, after: framed.length - plain.length - before };
  }
}

function readJson(bytes: Uint8Array): TokenizerJson {
  return withReason(() => {
    const json = parseJson(Buffer.from(bytes).toString('utf8'));
    if (isJsonObject(json) && isJsonObject(json.model)) return json as unknown as TokenizerJson;
    throw new Error('it describes no model');
  });
}

/** Throws BACKEND_LOAD with the reason that the library gives, which does not name the file. */
function withReason<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('BACKEND_LOAD', `The tokenizer.json cannot be used: ${reason}`, { cause: error });
  }
}

interface TokenizerJson {
  readonly added_tokens?: readonly { readonly content: string; readonly special: boolean }[];
  readonly model: { readonly unk_token?: string | null };
  readonly pre_tokenizer?: unknown;
  readonly padding?: { readonly pad_id: number } | null;
}
