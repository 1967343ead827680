/** The baseline: nothing but a tokenizer and a loop of `session.run` in this process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonTokenizer } from '../../src/backends/json-tokenizer.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { openSession, Tensor } from '../../src/backends/onnx.ts';
import { planByLength } from '../../src/backends/token-plan.ts';

export interface RawTexts {
  /** Tokenises, sorts by length into calls within the budget, runs. Returns (n x dim). */
  sorted(texts: readonly string[], callTokens: number): Promise<Float32Array>;
  /** As they come, so many a call, each padded to the longest. */
  inArrivalOrder(texts: readonly string[], perCall: number): Promise<Float32Array>;
}

/** What a call costs beside its tokens, as the product plans. */
const CALL_TOKENS = 8;

export async function openRaw(entry: ModelEntry, dim: number): Promise<RawTexts> {
  const { source, processing } = entry;
  if (source.type !== 'folder') throw new Error('the baseline reads models from folders');
  const read = (name: unknown): Uint8Array => readFileSync(join(source.path, String(name)));
  const session = await openSession(read(processing.file));
  const tokenizer = new JsonTokenizer(read(processing.tokenizer), { tokensMax: Number(processing.tokensMax) });
  const run = async (texts: readonly string[], plan: (lengths: readonly number[]) => readonly number[][]) => {
    const encoded = texts.map((text) => tokenizer.encode(text).ids);
    const rows = new Float32Array(texts.length * dim);
    for (const group of plan(encoded.map((ids) => ids.length))) {
      const length = Math.max(...group.map((i) => encoded[i]!.length));
      const ids = new BigInt64Array(group.length * length);
      const mask = new BigInt64Array(group.length * length);
      group.forEach((i, r) => {
        encoded[i]!.forEach((one, at) => {
          ids[r * length + at] = BigInt(one);
        });
        mask.fill(1n, r * length, r * length + encoded[i]!.length);
      });
      const shape = [group.length, length];
      const outputs = await session.run({
        input_ids: new Tensor('int64', ids, shape),
        attention_mask: new Tensor('int64', mask, shape),
      });
      const data = outputs[String(processing.output)]!.data as Float32Array;
      group.forEach((i, r) => {
        rows.set(data.subarray(r * dim, (r + 1) * dim), i * dim);
      });
    }
    return rows;
  };
  return {
    sorted: (texts, callTokens) => run(texts, (lengths) => planByLength(lengths, callTokens, CALL_TOKENS)),
    inArrivalOrder: (texts, perCall) =>
      run(texts, (lengths) =>
        Array.from({ length: Math.ceil(lengths.length / perCall) }, (_, c) =>
          Array.from({ length: Math.min(perCall, lengths.length - c * perCall) }, (_, i) => c * perCall + i),
        ),
      ),
  };
}
