import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import {
  formatNamed,
  guessTextField,
  type ImportedRow,
  type ReadOptions,
  sniffFormat,
} from '../../src/formats/index.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The bytes in pieces, as a network would deliver them. */
function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(format: string, input: string | Uint8Array, options: ReadOptions = {}, size = 7) {
  const rows: ImportedRow[] = [];
  const bytes = typeof input === 'string' ? bytesOf(input) : input;
  for await (const row of formatNamed(format, 'read').read(pieces(bytes, size), options)) rows.push(row);
  return rows;
}

const dataOf = async (format: string, input: string | Uint8Array) =>
  (await read(format, input)).map(({ task }) => task.data);

async function errorOf(format: string, input: string | Uint8Array, size = 7): Promise<AppError> {
  try {
    await read(format, input, {}, size);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('JSON', () => {
  it('reads tasks, bare objects, one object, and objects that follow one another', async () => {
    expect(await dataOf('json', '[{"data":{"a":1}},{"a":2}]')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await dataOf('json', ' {"a": [1, {"b": "]}"}]} ')).toEqual([{ a: [1, { b: ']}' }] }]);
    expect(await dataOf('json', '{"a":1}\n{"a":2}')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await dataOf('json', '\uFEFF[\r\n{"a":"\\"\\\\"}\r\n]\r\n')).toEqual([{ a: '"\\' }]);
  });

  it('reads annotations and predictions, legacy names too', async () => {
    const region = { from_name: 'l', to_name: 't', type: 'choices', value: { choices: ['A'] } };
    const [row] = await read(
      'json',
      JSON.stringify([
        {
          id: 7,
          data: { text: 'x' },
          meta: { m: 1 },
          completions: [
            { completed_by: { email: 'ada@example.org' }, result: [region], lead_time: 1.5, honeypot: true },
            { completed_by: 3, skipped: true, created_at: '3 hours ago' },
          ],
          predictions: [{ model_version: 'v1', score: 0.5, result: [region], created_at: '2024-01-02T03:04:05Z' }],
        },
      ]),
    );
    expect(row!.task).toMatchObject({ id: 7, data: { text: 'x' }, meta: { m: 1 } });
    expect(row!.task.annotations).toMatchObject([
      { annotator: 'ada@example.org', result: [region], visibleMs: 1500, groundTruth: true, skipped: false },
      { annotator: '3', skipped: true, result: [], createdAt: null },
    ]);
    expect(row!.task.predictions).toEqual([
      {
        labeler: { kind: 'model', name: 'imported', version: 'v1' },
        result: [region],
        score: 0.5,
        createdAt: '2024-01-02T03:04:05.000Z',
      },
    ]);
  });

  it.each([
    ['[{"a":1},\n{"a":2}\n{"a":3}]', 'INPUT_BAD_JSON', { line: 3, column: 1 }],
    ['[{"a":1},\n {"a":\n', 'INPUT_BAD_JSON', { line: 3 }],
    ['[{"a":1}', 'INPUT_BAD_JSON', { line: 1, column: 9 }],
    ['[{"a":1},]', 'INPUT_BAD_JSON', { line: 1, column: 10 }],
    ['[{"a":1}] x', 'INPUT_BAD_JSON', { line: 1, column: 11 }],
    ['[\n{"a":1},\n{"a" 2}]', 'INPUT_BAD_JSON', { row: 2, line: 3, column: 6 }],
    ['[{"a":1}, 7]', 'INPUT_BAD_ROW', { row: 2, line: 1 }],
    ['[{"data":{"a":1}},\n{"annotations":[{"result":[]}]}]', 'INPUT_BAD_ROW', { row: 2, line: 2 }],
    ['[{"data":{"a":1},"annotations":[{"result":[7]}]}]', 'INPUT_BAD_ROW', { row: 1 }],
    ['[]', 'INPUT_EMPTY', {}],
    ['', 'INPUT_EMPTY', {}],
    ['\uFEFF  \n', 'INPUT_EMPTY', {}],
    ['hello', 'INPUT_BAD_JSON', { line: 1 }],
  ])('refuses %j with %s', async (input, code, details) => {
    for (const size of [1, 7, 1000]) {
      const error = await errorOf('json', input, size);
      expect(error.code).toBe(code);
      expect(error.details).toMatchObject(details);
    }
  });

  it('drops __proto__ keys', async () => {
    const [data] = await dataOf('json', '[{"__proto__":{"polluted":1},"a":1}]');
    expect(Object.keys(data!)).toEqual(['a']);
    expect((data as { polluted?: number }).polluted).toBeUndefined();
  });

  it('cuts any list into what JSON.parse makes of it, however it is chunked', async () => {
    const rows = fc.array(
      fc.dictionary(fc.string(), fc.jsonValue()).filter((one) => !('data' in one)),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 50 }), fc.constantFrom(0, 2), async (list, size, indent) => {
        const text = JSON.stringify(list, null, indent);
        const wanted = (JSON.parse(text) as object[]).filter((one) => Object.keys(one).length > 0);
        fc.pre(wanted.length === list.length && !text.includes('__proto__') && !text.includes('"result"'));
        const got = await read('json', bytesOf(text), {}, size);
        expect(got.map(({ task }) => task.data)).toEqual(wanted);
      }),
    );
  });
});

describe('JSONL', () => {
  it('names the broken line, blank lines counted', async () => {
    const lines = Array.from({ length: 6000 }, (_unused, i) => (i === 5000 ? '{"a": oops}' : `{"a":${i}}`));
    const error = await errorOf('jsonl', lines.join('\n'), 4096);
    expect(error.code).toBe('INPUT_BAD_JSON');
    expect(error.details).toMatchObject({ line: 5001, row: 5001 });
    const later = await errorOf('jsonl', '{"a":1}\r\n\r\n{"a":1,}');
    expect(later.details).toMatchObject({ line: 3, row: 2 });
  });

  it('goes on behind bad rows when asked, and lists them', async () => {
    const bad: AppError[] = [];
    const rows = await read('jsonl', '{"a":1}\n{oops\n7\n{"a":2}', { onBadRow: (error) => bad.push(error) });
    expect(rows.map(({ row }) => row)).toEqual([1, 4]);
    expect(bad.map(({ code, details }) => [code, details.line])).toEqual([
      ['INPUT_BAD_JSON', 2],
      ['INPUT_BAD_ROW', 3],
    ]);
  });
});

describe('CSV', () => {
  it('keeps cells as they are', async () => {
    expect(await dataOf('csv', 'id,text\n007," a, ""b""\nc"\n8,\n')).toEqual([
      { id: '007', text: ' a, "b"\nc' },
      { id: '8', text: '' },
    ]);
  });

  it('reads what spreadsheets write: mark, CRLF, semicolons', async () => {
    expect(await dataOf('csv', '\uFEFFid;text\r\n1;"a;b"\r\n2;c,d\r\n')).toEqual([
      { id: '1', text: 'a;b' },
      { id: '2', text: 'c,d' },
    ]);
    expect(await dataOf('tsv', 'id\ttext\n1\t5" pipe\n')).toEqual([{ id: '1', text: '5" pipe' }]);
  });

  it.each([
    ['a,b\n1,2\n"x\ny",3\n\n4\n', 'INPUT_BAD_ROW', { row: 3, line: 6, reason: 'has 1 cell, the header has 2 cells' }],
    ['a,b\n1,2,3\n', 'INPUT_BAD_ROW', { row: 1, line: 2 }],
    ['a,b\n1,x"y"\n', 'INPUT_BAD_ROW', { row: 1, line: 2 }],
    ['a,b\n1,"open\n2,3\n', 'INPUT_BAD_ROW', { row: 1 }],
    ['a,b,a\n1,2,3\n', 'INPUT_BAD_ROW', { row: 0, line: 1, column: 'a' }],
    ['a,b\n', 'INPUT_EMPTY', {}],
    ['', 'INPUT_EMPTY', {}],
  ])('refuses %j with %s', async (input, code, details) => {
    for (const size of [1, 7, 1000]) {
      const error = await errorOf('csv', input, size);
      expect(error.code, error.message).toBe(code);
      expect(error.details).toMatchObject(details);
    }
  });

  it('leaves ragged rows out when asked', async () => {
    const bad: AppError[] = [];
    const rows = await read('csv', 'a,b\n1,2\n3\n4,5', { onBadRow: (error) => bad.push(error) });
    expect(rows.map(({ task }) => task.data)).toEqual([
      { a: '1', b: '2' },
      { a: '4', b: '5' },
    ]);
    expect(bad).toHaveLength(1);
  });
});

describe('TXT', () => {
  it('takes one text per line', async () => {
    expect(await dataOf('txt', 'one\r\n\r\n two ')).toEqual([{ text: 'one' }, { text: ' two ' }]);
  });
});

describe('encodings', () => {
  const bad = Buffer.from([...bytesOf('ok\nna'), 0xef, ...bytesOf('ve')]);

  it.each(['csv', 'tsv', 'txt'])('%s: anything but UTF-8 is refused with its place', async (format) => {
    for (const size of [1, 2, 3, 1000]) {
      const latin1 = await errorOf(format, bad, size);
      expect(latin1.code).toBe('INPUT_BAD_ENCODING');
      expect(latin1.details).toEqual({ byte: 5, line: 2 });
    }
    const utf16 = await errorOf(format, Buffer.from('\uFEFFa,b\n1,2', 'utf16le'), 1000);
    expect(utf16.code).toBe('INPUT_BAD_ENCODING');
    expect(utf16.message).toContain('UTF-16');
    expect((await errorOf(format, 'a,b\n1,\0', 1)).details).toEqual({ byte: 6, line: 2 });
    expect((await errorOf(format, bytesOf('näive €').subarray(0, -1), 1)).code).toBe('INPUT_BAD_ENCODING');
  });

  it('JSON is held to the same', async () => {
    const text = Buffer.from([...bytesOf('{"a":1}\n{"a":"'), 0xe9, ...bytesOf('"}')]);
    for (const format of ['json', 'jsonl']) {
      expect(await errorOf(format, text)).toMatchObject({ code: 'INPUT_BAD_ENCODING', details: { byte: 14, line: 2 } });
    }
  });

  it('does not mind where chunks end', async () => {
    const text = 'naïve €uro 😀 漢字';
    for (const size of [1, 2, 3, 5]) {
      expect((await read('txt', text, {}, size))[0]!.task.data).toEqual({ text });
    }
  });
});

describe('sniffFormat', () => {
  it.each([
    ['a.JSONL', '', 'jsonl'],
    ['a.csv', '', 'csv'],
    ['upload', '[{"a":1}]', 'json'],
    ['upload', '{"a":1}\n{"a":2}\n', 'jsonl'],
    ['upload', '{\n"a":1}', 'json'],
    ['upload', 'id\ttext\n1\tx', 'tsv'],
    ['upload', 'id,text\n1,x', 'csv'],
    ['upload', 'Hello, world.\nBye.', 'txt'],
    ['upload', '\x89PNG\0\0', null],
  ])('%s %j is %s', (name, head, format) => {
    expect(sniffFormat(name, bytesOf(head))).toBe(format);
  });
});

describe('guessTextField', () => {
  it('finds the column people would point at, and says why', () => {
    const mails = Array.from({ length: 20 }, (_unused, i) => ({
      id: `msg-${i}-0123456789abcdef0123456789abcdef`,
      url: `https://example.org/some/very/long/path/with/many/words/${i}`,
      label: i % 2 ? 'spam' : 'ham',
      folder: 'the same long folder name in every row',
      subject: `Offer number ${i}`,
      body: `Dear friend, this is the longer body of message number ${i}, please read it.`,
    }));
    const guess = guessTextField(mails)!;
    expect(guess.field).toBe('body');
    expect(guess.reason).toContain('of 6 columns');
    expect(guessTextField([{ a: 1 }])).toBeNull();
    expect(guessTextField([{ q: 'hi' }])).toEqual({ field: 'q', reason: '"q" is the only column.' });
  });
});
