import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageHash } from '../../src/backends/image-hash.ts';
import { seededRandom } from '../../src/core/random.ts';
import { KernelHeap, loadMatrix } from '../../src/kernels/index.ts';
import {
  contentKey,
  copyConflicts,
  copyGroups,
  equalContent,
  exactGraph,
  type SpanSearch,
  sameSpans,
  similarEmbeddings,
  similarImageSteps,
  similarImages,
  similarTexts,
  type TextSpan,
} from '../../src/propagation/index.ts';
import { noise } from './reference.ts';

const LONG = 'The quick brown fox jumps over the lazy dog while seven other dogs look on and two cats sleep in the sun';

/** Pairs of hashes within three bits, ascending. */
function comparedAll(hashes: readonly (readonly number[])[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let a = 0; a < hashes.length; a++) {
    for (let b = a + 1; b < hashes.length; b++) {
      let differing = 0;
      for (let part = 0; part < 4 && differing <= 3; part++) {
        for (let left = hashes[a]![part]! ^ hashes[b]![part]!; left !== 0; left &= left - 1) differing++;
      }
      if (differing <= 3) pairs.push([a, b]);
    }
  }
  return pairs;
}

describe('copies', () => {
  it('by content: white space and Unicode form do not count, case does, empty matches nothing', () => {
    const texts = ['caf\u00e9  au lait', ' cafe\u0301 au\nlait', 'Caf\u00e9 au lait', '', '  '];
    expect(equalContent(texts.map(contentKey))).toEqual([[0, 1]]);
  });

  it('by shingles: a changed word is a near-copy, another text is not', () => {
    const texts = [
      LONG,
      LONG.replace('sun', 'shade'),
      LONG.toUpperCase(),
      'Something else entirely was written on this page',
      '',
    ];
    expect(similarTexts(texts).map(({ a, b }) => [a, b])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    expect(
      similarTexts(['東京都の天気は今日も晴れです。', '東京都の天気は今日も晴れです', '大阪の電車は遅れています']),
    ).toHaveLength(1);
  });

  it('finds what comparing all pairs finds', () => {
    const words = fc.constantFrom(...'one two three four five six seven eight nine ten'.split(' '));
    const texts = fc.array(fc.array(words, { minLength: 6, maxLength: 12 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(texts, (lists) => {
        const all = [...lists, lists[0]!].map((list) => list.join(' '));
        const shingles = all.map((text) => {
          const parts = text.split(' ');
          return new Set(parts.slice(2).map((_, i) => parts.slice(i, i + 3).join(' ')));
        });
        const found = new Set(similarTexts(all).map(({ a, b }) => `${a},${b}`));
        for (let a = 0; a < all.length; a++) {
          for (let b = a + 1; b < all.length; b++) {
            const shared = [...shingles[a]!].filter((one) => shingles[b]!.has(one)).length;
            const similarity = shared / (shingles[a]!.size + shingles[b]!.size - shared);
            expect(found.has(`${a},${b}`)).toBe(similarity >= 0.8);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a thousand copies of one text make one group', () => {
    const texts = [...Array<string>(1_000).fill(LONG), 'Something else entirely was written on this page'];
    const groups = copyGroups(texts.length, similarTexts(texts));
    expect(groups).toHaveLength(1);
    expect(groups[0]).toHaveLength(1_000);
  });

  it('by picture: scaled and slightly noisy copies match, others and flat ones do not', () => {
    const random = seededRandom('pictures');
    const waves = (phase: number, width: number, height: number, jitter: number): Uint8Array =>
      Uint8Array.from({ length: 3 * width * height }, (_, i) => {
        const at = Math.floor(i / 3);
        const [x, y] = [(at % width) / width, Math.floor(at / width) / height];
        return 128 + 90 * Math.sin(11 * x + phase) * Math.cos(7 * y + 2 * phase) + jitter * random.next();
      });
    const hashes = [
      imageHash(waves(0, 90, 80, 0), 90, 80),
      imageHash(waves(0, 270, 240, 4), 270, 240),
      imageHash(waves(2, 90, 80, 0), 90, 80),
      imageHash(new Uint8Array(19_200).fill(9), 80, 80),
      imageHash(new Uint8Array(48), 4, 4),
    ];
    expect(hashes.map((hash) => hash !== null)).toEqual([true, true, true, false, false]);
    expect(similarImages(hashes).map(({ a, b }) => [a, b])).toEqual([[0, 1]]);
  });

  it('by picture: pairs within three bits are found among thousands that share most of their bits', () => {
    const random = seededRandom('skies');
    // Plain skies over dark ground: half of the bits are equal in all, and most have near ones.
    const skies = Array.from({ length: 3_000 }, () => [0, random.int(1 << 12), 0xffff, random.int(1 << 12)]);
    for (let i = 0; i < 300; i++) {
      const copy = [...skies[10 * i]!];
      for (let bits = 0; bits <= i % 5; bits++) copy[random.int(4)]! ^= 1 << random.int(16);
      skies.push(copy);
    }
    // Of equal ones only the first is compared.
    const hashes = [...new Map(skies.map((hash) => [hash.join(), hash])).values()];
    const fast = similarImages(hashes).map(({ a, b }) => [a, b]);
    expect(fast).toEqual(comparedAll(hashes));
    expect(fast.length).toBeGreaterThan(200);
  });

  it.each([
    ['few bits of one part', Array.from({ length: 4_096 }, (_, i) => [7, i << 3, 0xffff, 0])],
    ['few bits far apart', Array.from({ length: 512 }, (_, i) => [i & 7, 0, (i >> 3) & 7, i >> 6])],
    [
      'two places at most',
      Array.from({ length: 64 * 64 }, (_, i) => [i % 64, i >> 6])
        .filter(([x, y]) => x! <= y!)
        .map((places) =>
          [0, 1, 2, 3].map((part) => places.reduce((all, at) => all | (at >> 4 === part ? 1 << (at & 15) : 0), 0)),
        ),
    ],
  ])('by picture: what comparing all finds, in order, where hashes differ in %s', (_, hashes) => {
    expect(similarImages(hashes).map(({ a, b }) => [a, b])).toEqual(comparedAll(hashes));
  });

  it('by picture: gives others turns, be there pairs to compare or only pictures to part', () => {
    const random = seededRandom('unlike');
    const unlike = Array.from({ length: 20_000 }, () => [0, 1, 2, 3].map(() => random.int(1 << 16)));
    const alike = Array.from({ length: 4_096 }, (_, i) => [i, 0, 0, 0]);
    for (const hashes of [unlike, alike]) {
      const shares = [...similarImageSteps(hashes)];
      expect(shares.length).toBeGreaterThan(4);
      shares.forEach((share, i) => {
        expect(share).toBeGreaterThan((shares[i - 1] ?? 0) - 1e-9);
        expect(share).toBeLessThanOrEqual(1);
      });
    }
  });

  it('by embedding, along the graph', () => {
    const rows = noise(20, 8, 2);
    rows.set(rows.subarray(0, 8), 8 * 8);
    const heap = new KernelHeap({ bytes: 1 << 20 });
    const graph = exactGraph(heap, loadMatrix(heap, rows, 8, { normalise: true }).matrix);
    expect(similarEmbeddings(graph).map(({ a, b }) => [a, b])).toEqual([[0, 8]]);
  });

  it('joins pairs and groups, and warns where labeled copies disagree', () => {
    const groups = copyGroups(
      8,
      [
        { a: 4, b: 1 },
        { a: 6, b: 4 },
      ],
      [[2, 3]],
    );
    expect(groups).toEqual([
      [1, 4, 6],
      [2, 3],
    ]);
    const labels = [-1, 0, 1, 1, -1, -1, 2, 5];
    expect(copyConflicts(groups, labels)).toEqual([
      {
        group: [1, 4, 6],
        byLabel: new Map([
          [0, [1]],
          [2, [6]],
        ]),
      },
    ]);
  });
});

describe('same span', () => {
  const found = (span: string, text: string, taken: readonly TextSpan[] = [], search: SpanSearch = {}): string[] =>
    sameSpans(span, text, taken, search).map(({ start, end }) => `${start}:${text.slice(start, end)}`);

  it('finds whole words in any case, with exact offsets behind characters of two units', () => {
    expect(found('Acme', '\u{1f600} ACME and acme, not acmes or placme')).toEqual(['3:ACME', '12:acme']);
    expect(found('C++', 'C++ or c++, not C+')).toEqual(['0:C++', '7:c++']);
    expect(found('caf', 'cafe\u0301 caf\u00e9 caf')).toEqual(['11:caf']);
    expect(found('cafe', 'cafe\u0301')).toEqual([]);
  });

  it('takes scripts without spaces, line breaks and letters that fold', () => {
    expect(found('北京', '我在北京的家，北京')).toEqual(['2:北京', '7:北京']);
    expect(found('New York', 'in New\n  York and new york')).toEqual(['3:New\n  York', '18:new york']);
    expect(found('ΟΔΟΣ', 'η οδος')).toEqual(['2:οδος']);
    expect(found('i', '\u0130 i')).toEqual(['2:i']);
  });

  it('leaves labeled places alone, and its own occurrences apart', () => {
    expect(found('a b', 'a b a b', [{ start: 0, end: 3 }], {})).toEqual(['4:a b']);
    expect(found('aa', 'aaaa', [], { wholeWords: false })).toEqual(['0:aa', '2:aa']);
    expect(found('Ab', 'ab Ab', [], { foldCase: false })).toEqual(['3:Ab']);
    expect(found(' ', 'a b')).toEqual([]);
    expect(found('', 'a b')).toEqual([]);
  });

  it('every occurrence reads like the span', () => {
    const piece = fc.stringMatching(/^[aAb\u00df \u0130.]{1,3}$/);
    fc.assert(
      fc.property(piece, fc.array(piece, { maxLength: 12 }), (span, parts) => {
        const text = parts.join('');
        for (const one of sameSpans(span, text, [], { foldSpace: false })) {
          expect(text.slice(one.start, one.end).toLowerCase()).toBe(span.trim().toLowerCase());
        }
      }),
    );
  });
});
