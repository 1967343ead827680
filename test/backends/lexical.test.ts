import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEXICAL_DEFAULTS, lexicalEmbed } from '../../src/backends/lexical.ts';
import { builtinModels } from '../../src/backends/registry.ts';
import { stableHash } from '../../src/core/json.ts';

function cosine(a: string, b: string): number {
  const rows = lexicalEmbed([a, b]);
  const { dim } = LEXICAL_DEFAULTS;
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += rows[d]! * rows[dim + d]!;
  return sum;
}

describe('lexical embedder', () => {
  it('gives rows of unit length for any text, alone or in company', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), (texts) => {
        const rows = lexicalEmbed(texts);
        texts.forEach((text, i) => {
          const row = rows.subarray(i * 512, (i + 1) * 512);
          expect(Math.hypot(...row)).toBeCloseTo(1, 5);
          expect(lexicalEmbed([text])).toEqual(row.slice());
        });
      }),
    );
  });

  it('puts texts near each other that share words or parts of words, in many scripts', () => {
    for (const [text, near, far] of [
      ['cancel my credit card', 'my credit card was cancelled', 'the weather is fine today'],
      ['Kreditkartenabrechnung falsch', 'falsche Abrechnung der Kreditkarte', 'schönes Wetter heute am See'],
      ['银行卡丢失怎么办', '我的银行卡丢失了', '今天天气很好'],
      ['потерял банковскую карту', 'банковская карта потеряна', 'сегодня хорошая погода'],
      ['บัตรเครดิตหาย', 'ทำบัตรเครดิตหาย', 'วันนี้อากาศดี'],
      ['win $$$ now!!!', 'WIN $$$$ TODAY!!!', 'see you at lunch'],
    ] as const) {
      expect(cosine(text, near), text).toBeGreaterThan(cosine(text, far) + 0.15);
    }
  });

  it('ignores case, spacing and compatibility forms', () => {
    expect(cosine('Free  ENTRY\nnow', 'free entry now')).toBeCloseTo(1, 6);
    expect(cosine('ﬁne ｆｒｅｅ', 'fine free')).toBeCloseTo(1, 6);
  });

  it('counts a long text of many different words as well as a short one', () => {
    const long = Array.from({ length: 3_000 }, (_, i) => `word${i}`).join(' ');
    expect(Math.hypot(...lexicalEmbed([long]))).toBeCloseTo(1, 5);
    expect(lexicalEmbed([long, 'after'])).toEqual(Float32Array.of(...lexicalEmbed([long]), ...lexicalEmbed(['after'])));
  });

  it('has not changed without a new revision: stored rows are found again by version', () => {
    const rows = lexicalEmbed(['Free entry in 2 a wkly comp to win FA Cup', 'héllo 世界 !!!', '']);
    const print = stableHash([...rows].map((value) => Math.round(value * 1e5)));
    const { processing } = builtinModels().find((one) => one.name === 'lexical')!;
    expect({ revision: processing.revision, print }).toMatchInlineSnapshot(`
      {
        "print": "ce8f679b5a91a08e1adc87c983e4cdb50c0e89b555109570e3ea069621da0030",
        "revision": 1,
      }
    `);
  });
});
