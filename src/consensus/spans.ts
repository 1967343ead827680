/** Span votes as votes on tokens: begin, inside or outside of each label, and back from posteriors to spans. */
import type { Posterior } from './model.ts';
import type { VoteRows } from './votes.ts';

/** Positions in a sequence of tokens, end exclusive. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
  readonly label: number;
}

/** Token outside of every span; classes 1 + 2l and 2 + 2l begin and continue label l. */
export const OUTSIDE = 0;

export function spanClassCount(labelCount: number): number {
  return 1 + 2 * labelCount;
}

/**
 * One row per token of one text; row numbers start at `firstRow`. Voters vote on the tokens of their spans only: nobody
 * says "outside", so a label model has to read it from silence.
 * @param spansOf (voters) spans of each voter.
 */
export function tokenVotes(
  spansOf: readonly (readonly TokenSpan[])[],
  firstRow: number,
  into: { rows: number[]; voters: number[]; classes: number[] },
): void {
  spansOf.forEach((spans, voter) => {
    for (const { start, end, label } of spans) {
      for (let token = start; token < end; token++) {
        into.rows.push(firstRow + token);
        into.voters.push(voter);
        into.classes.push(token === start ? 1 + 2 * label : 2 + 2 * label);
      }
    }
  });
}

/** Class of each token of a text with these spans, for gold. */
export function tokenClasses(spans: readonly TokenSpan[], tokenCount: number): Int32Array {
  const out = new Int32Array(tokenCount);
  for (const { start, end, label } of spans) {
    for (let token = start; token < Math.min(end, tokenCount); token++)
      out[token] = token === start ? 1 + 2 * label : 2 + 2 * label;
  }
  return out;
}

/** Votes of several texts, gathered by `tokenVotes`. */
export function tokenVoteRows(
  votes: { rows: number[]; voters: number[]; classes: number[] },
  rowCount: number,
  voterCount: number,
  labelCount: number,
): VoteRows {
  return { rowCount, voterCount, classCount: spanClassCount(labelCount), ...votes };
}

/**
 * The most probable spans of the tokens [from, to) of a posterior: the best sequence in which only a begin or an inside
 * of the same label comes before an inside (Viterbi 1967). Tokens without votes are outside.
 */
export function decodeSpans(posterior: Posterior, from: number, to: number): TokenSpan[] {
  const k = posterior.classCount;
  const path = bestPath(posterior, from, to, k);
  const spans: { start: number; end: number; label: number }[] = [];
  path.forEach((state, token) => {
    if (state === OUTSIDE) return;
    const label = (state - 1) >> 1;
    if (state % 2 === 1) spans.push({ start: token, end: token + 1, label });
    else spans[spans.length - 1]!.end = token + 1;
  });
  return spans;
}

function bestPath(posterior: Posterior, from: number, to: number, k: number): Int32Array {
  const n = to - from;
  const back = new Int32Array(n * k);
  let score = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (let token = 0; token < n; token++) {
    const next = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
    for (let state = 0; state < k; state++) {
      const own = logShare(posterior, from + token, state);
      if (token === 0) {
        if (!isInside(state)) next[state] = own;
        continue;
      }
      for (let before = 0; before < k; before++) {
        if (isInside(state) && before !== state && before !== state - 1) continue;
        const total = score[before]! + own;
        if (total > next[state]!) {
          next[state] = total;
          back[token * k + state] = before;
        }
      }
    }
    score = next;
  }
  const path = new Int32Array(n);
  if (n === 0) return path;
  path[n - 1] = score.indexOf(Math.max(...score));
  for (let token = n - 1; token > 0; token--) path[token - 1] = back[token * k + path[token]!]!;
  return path;
}

function isInside(state: number): boolean {
  return state !== OUTSIDE && state % 2 === 0;
}

function logShare({ probabilities, covered, classCount }: Posterior, row: number, state: number): number {
  if (covered[row] === 0) return state === OUTSIDE ? 0 : -1e6;
  return Math.log(Math.max(probabilities[row * classCount + state]!, 1e-12));
}

export interface SpanScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Exact-match scores over texts: a span counts when start, end and label agree. */
export function spanF1(found: readonly (readonly TokenSpan[])[], gold: readonly (readonly TokenSpan[])[]): SpanScore {
  let [hits, given, wanted] = [0, 0, 0];
  found.forEach((spans, i) => {
    const truth = new Set(gold[i]!.map((one) => `${one.start} ${one.end} ${one.label}`));
    hits += spans.filter((one) => truth.has(`${one.start} ${one.end} ${one.label}`)).length;
    given += spans.length;
    wanted += truth.size;
  });
  const precision = given === 0 ? 0 : hits / given;
  const recall = wanted === 0 ? 0 : hits / wanted;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
