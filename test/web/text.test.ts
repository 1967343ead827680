/** Texts and files as the page reads them: excerpts, keywords, the first look at a dropped file, keys, event streams. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXCERPT, excerpt, keywordsOf, splitAtKeywords } from '../../web/src/excerpt.ts';
import { actionOf, digitOf, indexOf, type Press } from '../../web/src/keys.ts';
import { sniff } from '../../web/src/sniff.ts';
import { takeEvents } from '../../web/src/sse.ts';

/** Half of an emoji. */
const loneHalf = /\p{Surrogate}/u;

const long = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).map((part) => part.repeat(400));

describe('excerpt', () => {
  it('gives ordered pieces that never overlap, never split a character, and show the ends', () => {
    fc.assert(
      fc.property(long, fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 6 }), (text, words) => {
        const pieces = excerpt(text, words);
        expect(pieces[0]!.start).toBe(0);
        expect(pieces.at(-1)!.end).toBe(text.length);
        for (const [i, piece] of pieces.entries()) {
          expect(piece.end).toBeGreaterThan(piece.start);
          if (i > 0) expect(piece.start).toBeGreaterThan(pieces[i - 1]!.end);
          expect(loneHalf.test(text.slice(piece.start, piece.end))).toBe(false);
        }
      }),
    );
  });

  it('shows each keyword of a long text in its context', () => {
    const filler = 'nothing of note here. '.repeat(2_000);
    const text = `${filler}you may unsubscribe at any time. ${filler}`;
    const shown = excerpt(text, ['unsubscribe']).map(({ start, end }) => text.slice(start, end));
    expect(shown.some((piece) => piece.includes('you may unsubscribe at any time'))).toBe(true);
    expect(shown.join('').length).toBeLessThan(EXCERPT.wholeMax);
  });

  it('takes as keywords what several look-alikes share', () => {
    const words = keywordsOf('please unsubscribe me from the weekly offer', [
      'weekly offer: unsubscribe here',
      'to unsubscribe answer stop',
      'lunch at noon',
    ]);
    expect(words[0]).toBe('unsubscribe');
    expect(words).not.toContain('lunch');
  });

  it('splits at whole words only and loses nothing', () => {
    expect(splitAtKeywords('Offers and offer. OFFER!', ['offer'])).toEqual([
      'Offers and ',
      'offer',
      '. ',
      'OFFER',
      '!',
    ]);
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }), (text, words) => {
        expect(splitAtKeywords(text, words).join('')).toBe(text);
      }),
    );
  });
});

describe('a dropped file', () => {
  it.each([
    ['mails.csv', 'id,subject,body\n1,Hi,"Come, ""now"" \nplease, it is urgent"\n2,Re,See you tomorrow then\n', 'body'],
    ['mails.tsv', 'id\ttext\n1\tCome at once\n2\tSee you\n', 'text'],
    ['mails.jsonl', '{"id":1,"message":"Come at once"}\n{"id":2,"message":"See you"}\n{"id":3,"mess', 'message'],
    ['tasks.json', '[{"data":{"url":"https://example.org/a/very/long/address","words":"Come at once"}},{"da', 'words'],
    ['lines.txt', 'Come at once\nSee you\n', 'text'],
    ['strings.json', '["Come at once", "See you"]', 'text'],
  ])('%s: the text column is found', (name, head, field) => {
    const seen = sniff(name, head);
    expect(seen.problem).toBeNull();
    expect(seen.guess).toBe(field);
    expect(seen.columns.find((column) => column.name === field)?.sample).toContain('Come');
  });

  it('offers the values of a column that looks like labels', () => {
    const rows = Array.from({ length: 12 }, (_, i) => `${i},${i % 3 === 0 ? 'spam' : 'ham'},text number ${i}`);
    const { columns } = sniff('mails.csv', `id,label,text\n${rows.join('\n')}\n`);
    expect(columns.map((column) => column.classes)).toEqual([[], ['ham', 'spam'], []]);
  });

  it('never takes the cut end of a long file for a label', () => {
    const rows = Array.from({ length: 9 }, (_, i) => `text ${i},${i % 2 === 0 ? 'spam' : 'ham'}`).join('\n');
    const [, label] = sniff('mails.csv', `text,label\n${rows}\ntext 9,sp`, false).columns;
    expect(label?.classes).toEqual(['ham', 'spam']);
  });

  it('says so when there is nothing to read', () => {
    expect(sniff('empty.csv', '').problem).toContain('No rows');
    expect(sniff('broken.json', '{"a": ').problem).toContain('No rows');
  });
});

describe('keys', () => {
  const press = (key: string, more: Partial<Press> = {}): Press => ({
    key,
    code: '',
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    ...more,
  });

  it('maps digits to labels and back, also where digits sit under shift', () => {
    for (let i = 0; i < 10; i++) expect(indexOf(Number(digitOf(i)))).toBe(i);
    expect(actionOf(press('&', { code: 'Digit1' }))).toEqual({ digit: 1 });
    expect(actionOf(press('3', { code: 'Numpad3' }))).toEqual({ digit: 3 });
  });

  it('leaves the keys of browser and system alone, and a held key answers once', () => {
    expect(actionOf(press('a', { ctrlKey: true }))).toBeNull();
    expect(actionOf(press('Enter', { repeat: true }))).toBeNull();
    expect(actionOf(press('q'))).toBeNull();
    expect(actionOf(press('Enter'))).toBe('accept');
  });
});

describe('event stream', () => {
  it('gives the same events however the bytes are cut', () => {
    const stream = ': hello\n\nid: 1\nevent: job\ndata: {"a":1}\n\nid: 2\nevent: job\ndata: {"b":\ndata: 2}\n\n';
    const whole = takeEvents(stream).events;
    expect(whole.map((event) => event.id)).toEqual(['1', '2']);
    expect(JSON.parse(whole[1]!.data)).toEqual({ b: 2 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 8 }), (cuts) => {
        const places = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
        let rest = '';
        const events = places.slice(1).flatMap((end, i) => {
          const taken = takeEvents(rest + stream.slice(places[i]!, end));
          rest = taken.rest;
          return taken.events;
        });
        expect(events).toEqual(whole);
      }),
    );
  });
});
