/** SentencePiece unigram tokenizer (Kudo, 2018): the most probable split of a text into known pieces, by Viterbi. */

/** `[piece, log probability]` by id. A null score is one that its publisher lost; pieces are sorted by score. */
export type UnigramVocabulary = readonly (readonly [piece: string, score: number | null])[];

export interface UnigramOptions {
  /** Ids below it are control symbols and never match text. */
  readonly reservedIds: number;
  /** Stands for every run of characters that no piece covers. */
  readonly unknownId: number;
}

export interface UnigramTokenizer {
  /** Ids of the whole text; an empty text gives the word mark alone. */
  encode(text: string): Int32Array;
  readonly pieceCount: number;
}

/** U+2581, which stands for a space in every piece. */
const WORD_MARK = '\u2581';
/** How much worse than the worst piece an unknown character is, as in SentencePiece. */
const UNKNOWN_PENALTY = 10;

export function unigramTokenizer(vocabulary: UnigramVocabulary, options: UnigramOptions): UnigramTokenizer {
  const scores = filledScores(vocabulary);
  const trie = buildTrie(vocabulary, options.reservedIds);
  const unknownScore = scores.subarray(options.reservedIds).reduce((a, b) => Math.min(a, b), 0) - UNKNOWN_PENALTY;
  return {
    pieceCount: vocabulary.length,
    encode: (text) => viterbi(normalise(text), trie, scores, unknownScore, options.unknownId),
  };
}

/** NFKC, runs of white space as one mark, a mark before the first word. */
export function normalise(text: string): string {
  return WORD_MARK + text.normalize('NFKC').trim().replace(/\s+/gu, WORD_MARK);
}

/** A lost score lies between those of its neighbours, since the list is sorted. */
function filledScores(vocabulary: UnigramVocabulary): Float64Array {
  const known = vocabulary.map(([, score]) => score);
  return Float64Array.from(known, (score, id) => {
    if (score !== null) return score;
    const before = known.slice(0, id).findLast((one) => one !== null) ?? 0;
    const after = known.slice(id).find((one) => one !== null) ?? before;
    return (before + after) / 2;
  });
}

/** Best split of `text`; positions are UTF-16 units, and an unknown astral character counts as one. */
function viterbi(text: string, trie: Trie, scores: Float64Array, unknownScore: number, unknownId: number): Int32Array {
  const length = text.length;
  const best = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
  const from = new Int32Array(length + 1);
  const pieceAt = new Int32Array(length + 1);
  best[0] = 0;
  for (let start = 0; start < length; start++) {
    const base = best[start]!;
    if (base === Number.NEGATIVE_INFINITY) continue;
    const reach = (end: number, score: number, id: number): void => {
      if (score <= best[end]!) return;
      best[end] = score;
      from[end] = start;
      pieceAt[end] = id;
    };
    const single = start + (isSurrogatePair(text, start) ? 2 : 1);
    let covered = false;
    for (let node = 0, end = start; end < length; end++) {
      node = trie.child(node, text.charCodeAt(end));
      if (node < 0) break;
      const id = trie.piece[node]!;
      if (id < 0) continue;
      covered ||= end + 1 === single;
      reach(end + 1, base + scores[id]!, id);
    }
    if (!covered) reach(single, base + unknownScore, unknownId);
  }
  return backtrack(length, from, pieceAt, unknownId);
}

function backtrack(length: number, from: Int32Array, pieceAt: Int32Array, unknownId: number): Int32Array {
  const ids: number[] = [];
  for (let end = length; end > 0; end = from[end]!) {
    const id = pieceAt[end]!;
    if (id !== unknownId || ids.at(-1) !== unknownId) ids.push(id);
  }
  return Int32Array.from(ids.reverse());
}

function isSurrogatePair(text: string, at: number): boolean {
  return text.codePointAt(at)! > 0xffff;
}

/** Prefix tree of the pieces; edges in one open-addressed table keyed by (node, UTF-16 unit). */
interface Trie {
  /** The child of a node, or -1. */
  child(node: number, unit: number): number;
  /** Piece that ends at a node, or -1. */
  readonly piece: Int32Array;
}

function buildTrie(vocabulary: UnigramVocabulary, reservedIds: number): Trie {
  const unitsMax = vocabulary.reduce((sum, [piece]) => sum + piece.length, 1);
  const mask = 2 ** Math.ceil(Math.log2(unitsMax * 2)) - 1;
  const parents = new Int32Array(mask + 1).fill(-1);
  const units = new Uint16Array(mask + 1);
  const children = new Int32Array(mask + 1);
  const piece = new Int32Array(unitsMax).fill(-1);
  const slotOf = (node: number, unit: number): number => {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (parents[slot] !== -1 && (parents[slot] !== node || units[slot] !== unit)) slot = (slot + 1) & mask;
    return slot;
  };
  let nodeCount = 1;
  for (let id = reservedIds; id < vocabulary.length; id++) {
    const text = vocabulary[id]![0];
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const slot = slotOf(node, text.charCodeAt(i));
      if (parents[slot] === -1) {
        parents[slot] = node;
        units[slot] = text.charCodeAt(i);
        children[slot] = nodeCount++;
      }
      node = children[slot]!;
    }
    // Of a piece that is listed twice the first, better scored one counts.
    if (piece[node] === -1) piece[node] = id;
  }
  const child = (node: number, unit: number): number => {
    const slot = slotOf(node, unit);
    return parents[slot] === -1 ? -1 : children[slot]!;
  };
  return { child, piece };
}
