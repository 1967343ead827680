/**
 * The label model over spans: a text is cut where any voter's span begins or ends, and every piece is a row on which
 * voters say begin, inside or nothing. No tokens are needed, so offsets stay exact in any script.
 */
import type { Posterior } from './model.ts';
import { decodeSpans, OUTSIDE, spanClassCount, tokenClasses, tokenVotes } from './spans.ts';
import { type SuggestionModel, type VoterVote, weighVotes } from './suggestion.ts';
import type { VoteRows } from './votes.ts';

/** A labeled stretch of a text; end exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
  readonly label: number;
}

export interface ScoredSpan extends TextSpan {
  /** Probability of its least sure piece; null while too few annotated pieces say how far votes can be trusted. */
  readonly score: number | null;
}

export interface SpanText {
  /** (voters) */
  readonly spansOf: readonly (readonly TextSpan[])[];
  /** What people marked; null when nobody has looked. */
  readonly gold: readonly TextSpan[] | null;
}

/** Rows for a fit: pieces with votes, and their class where people have looked (begin and inside of a label, or outside). */
export function spanRows(
  texts: readonly SpanText[],
  voterCount: number,
  labelCount: number,
): { votes: VoteRows; gold: Int32Array } {
  const columns = { rows: [] as number[], voters: [] as number[], classes: [] as number[] };
  const gold: number[] = [];
  for (const { spansOf, gold: known } of texts) {
    const bounds = boundsOf(known === null ? spansOf : [...spansOf, known]);
    const own = pieceVotes(spansOf, bounds);
    const truth = known && tokenClasses(inPieces(known, bounds), bounds.length);
    for (const [piece, votes] of own) {
      for (const { voter, label } of votes) {
        columns.rows.push(gold.length);
        columns.voters.push(voter);
        columns.classes.push(label);
      }
      gold.push(truth ? truth[piece]! : -1);
    }
  }
  const votes = { rowCount: gold.length, voterCount, classCount: spanClassCount(labelCount), ...columns };
  return { votes, gold: Int32Array.from(gold) };
}

/** What voters' spans together mark in one text: the most probable spans, apart from each other, in order. */
export function weighSpans(model: SuggestionModel, spansOf: SpanText['spansOf']): ScoredSpan[] {
  const bounds = boundsOf(spansOf);
  const k = model.classCount;
  const probabilities = new Float64Array(bounds.length * k);
  const covered = new Uint8Array(bounds.length);
  let measured = true;
  for (const [piece, votes] of pieceVotes(spansOf, bounds)) {
    const opinion = weighVotes(model, votes, null)!;
    probabilities.set(opinion.probabilities, piece * k);
    covered[piece] = 1;
    measured &&= opinion.measured;
  }
  const posterior: Posterior = { rowCount: bounds.length, classCount: k, probabilities, covered };
  return decodeSpans(posterior, 0, bounds.length).map(({ start, end, label }) => {
    let score = 1;
    for (let piece = start; piece < end; piece++) {
      score = Math.min(score, 1 - probabilities[piece * k + OUTSIDE]!);
    }
    return { start: bounds[start]!, end: bounds[end]!, label, score: measured ? score : null };
  });
}

function boundsOf(spansOf: SpanText['spansOf']): number[] {
  const bounds = new Set(spansOf.flatMap((spans) => spans.flatMap(({ start, end }) => [start, end])));
  return [...bounds].sort((a, b) => a - b);
}

function inPieces(spans: readonly TextSpan[], bounds: readonly number[]): TextSpan[] {
  const pieceOf = new Map(bounds.map((bound, piece) => [bound, piece]));
  return spans.map(({ start, end, label }) => ({ start: pieceOf.get(start)!, end: pieceOf.get(end)!, label }));
}

/** Votes of each piece that has any, in order. */
function pieceVotes(spansOf: SpanText['spansOf'], bounds: readonly number[]): [number, VoterVote[]][] {
  const columns = { rows: [] as number[], voters: [] as number[], classes: [] as number[] };
  tokenVotes(
    spansOf.map((spans) => inPieces(spans, bounds)),
    0,
    columns,
  );
  const byPiece = new Map<number, VoterVote[]>();
  columns.rows.forEach((piece, i) => {
    const own = byPiece.get(piece) ?? [];
    own.push({ voter: columns.voters[i]!, label: columns.classes[i]! });
    byPiece.set(piece, own);
  });
  return [...byPiece].sort(([a], [b]) => a - b);
}
