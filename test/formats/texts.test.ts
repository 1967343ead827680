/** CoNLL-2003, spaCy, doccano, Prodigy and the ASR manifest, there and back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Region } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import { parseLabelConfig } from '../../src/labelconfig/index.ts';
import { exportRow, hasSharedData, read, rowOf, SHARED_DATA, write } from './helpers.ts';

const config = parseLabelConfig(`<View>
  <Text name="text" value="$text"/>
  <Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
  <Choices name="kind" toName="text" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>
</View>`);

const span = (id: string, start: number, end: number, label: string, text: string): Region => ({
  id,
  from_name: 'ner',
  to_name: 'text',
  type: 'labels',
  value: { start, end, text: text.slice(start, end), labels: [label] },
});
const classes = (...choices: string[]): Region => ({
  from_name: 'kind',
  to_name: 'text',
  type: 'choices',
  value: { choices },
});

/** Texts with emoji and spans that do not overlap. */
const labeled = fc
  .tuple(
    fc.array(fc.tuple(fc.stringMatching(/^(\p{L}|😀){1,6}$/u), fc.constantFrom('', 'PER', 'LOC')), {
      minLength: 1,
      maxLength: 8,
    }),
  )
  .map(([words]) => {
    const text = words.map(([word]) => word).join(' ');
    let at = 0;
    const spans: Region[] = [];
    for (const [word, label] of words) {
      if (label !== '') spans.push(span(`s${spans.length + 1}`, at, at + word.length, label, text));
      at += word.length + 1;
    }
    return { text, spans };
  });

describe.each(['conll2003', 'spacy-jsonl', 'doccano-jsonl', 'prodigy-jsonl'])('%s', (format) => {
  it('gives spans back exactly, emoji or not', async () => {
    await fc.assert(
      fc.asyncProperty(labeled, async ({ text, spans }) => {
        const [task] = await read(format, await write(format, [exportRow(1, { text }, spans)], { config }), { config });
        const result = task!.annotations.flatMap((one) => one.result);
        const plain = (regions: readonly Region[]) => regions.map((region) => region.value);
        expect(task!.data).toEqual({ text });
        expect(plain(result)).toEqual(plain(spans));
      }),
      { numRuns: 50 },
    );
  });

  it('names rows that do not fit', async () => {
    await expect(read(format, format === 'conll2003' ? 'Ada B-PER\nlonely\n' : '{"spans":[]}')).rejects.toMatchObject({
      code: 'INPUT_BAD_ROW',
      details: { row: 1, line: 1 },
    });
  });
});

describe('CoNLL-2003', () => {
  it('looks like Label Studio writes it', async () => {
    const text = 'Ada Lovelace, London.';
    const rows = [exportRow(1, { text }, [span('a', 0, 12, 'PER', text), span('b', 14, 20, 'LOC', text)])];
    expect(await write('conll2003', rows, { config })).toBe(
      '-DOCSTART- -X- O\n\nAda -X- _ B-PER\nLovelace -X- _ I-PER\n, -X- _ O\nLondon -X- _ B-LOC\n. -X- _ O\n',
    );
  });

  it('says which spans it cannot hold', async () => {
    const text = 'New York City';
    const lost: string[] = [];
    const rows = [exportRow(7, { text }, [span('a', 0, 8, 'LOC', text), span('b', 0, 13, 'PER', text)])];
    const out = await write('conll2003', rows, { config, onLoss: (id, message) => lost.push(`${id}: ${message}`) });
    expect(out).toContain('City -X- _ I-PER');
    expect(lost).toEqual(['7: 1 spans overlap others and are left out.']);
  });

  it('reads BIOES and IOB1 as well', async () => {
    const [task] = await read('conll2003', 'a S-PER\nb B-LOC\nc E-LOC\nd I-PER\ne I-PER\nf I-LOC\n', { config });
    const values = task!.annotations[0]!.result.map((region) => region.value as { text: string; labels: string[] });
    expect(values.map(({ text, labels }) => `${text}=${labels}`)).toEqual(['a=PER', 'b c=LOC', 'd e=PER', 'f=LOC']);
  });

  it.skipIf(!hasSharedData)('wnut17 goes both ways, tag for tag (../shared/data/ner)', async () => {
    const lines = readFileSync(join(SHARED_DATA, 'ner/wnut17/test.jsonl'), 'utf8').trim().split('\n');
    const sentences = lines.map((line) => JSON.parse(line) as { tokens: string[]; tags: string[]; text: string });
    const file = sentences
      .map(({ tokens, tags }) => tokens.map((token, i) => `${token} -X- _ ${tags[i]}\n`).join(''))
      .join('\n');
    const tasks = await read('conll2003', file);
    expect(tasks.map((task) => task.data.text)).toEqual(sentences.map(({ text }) => text));
    expect(
      await write(
        'conll2003',
        tasks.map((task, i) => rowOf(task, i + 1)),
      ),
    ).toBe(`-DOCSTART- -X- O\n\n${file}`);
  });
});

describe('JSON lines of other tools', () => {
  const text = '😀 Ada met Bob';
  const spans = [span('a', 3, 6, 'PER', text), span('b', 11, 14, 'PER', text)];
  const row = exportRow(5, { text }, [
    ...spans,
    { type: 'relation', from_id: 'a', to_id: 'b', direction: 'right', labels: ['met'] },
  ]);

  it('spaCy counts code points', async () => {
    expect(JSON.parse(await write('spacy-jsonl', [row], { config }))).toEqual({
      text,
      entities: [
        [2, 5, 'PER'],
        [10, 13, 'PER'],
      ],
    });
  });

  it('spaCy gives every class a score', async () => {
    const line = await write('spacy-jsonl', [exportRow(1, { text }, [classes('b')])], { config });
    expect(JSON.parse(line).cats).toEqual({ a: 0, b: 1 });
    expect((await read('spacy-jsonl', line, { config }))[0]!.annotations[0]!.result).toEqual([classes('b')]);
  });

  it('spaCy training pairs are read', async () => {
    const [task] = await read('spacy-jsonl', '["Ada", {"entities": [[0, 3, "PER"]]}]', { config });
    expect(task!.annotations[0]!.result[0]!.value).toMatchObject({ start: 0, end: 3, text: 'Ada' });
  });

  it('doccano keeps relations', async () => {
    const line = await write('doccano-jsonl', [row], { config });
    expect(JSON.parse(line)).toMatchObject({ id: 5, relations: [{ id: 1, from_id: 1, to_id: 2, type: 'met' }] });
    const [task] = await read('doccano-jsonl', line, { config });
    expect(task!.annotations[0]!.result[2]).toEqual({
      type: 'relation',
      from_id: '1',
      to_id: '2',
      direction: 'right',
      labels: ['met'],
    });
  });

  it('doccano label lists are spans or classes', async () => {
    const tasks = await read(
      'doccano-jsonl',
      '{"id":1,"text":"Ada","label":[[0,3,"PER"]]}\n{"text":"x","label":["a"]}',
      { config },
    );
    expect(tasks[0]!.annotations[0]!.result[0]!.value).toMatchObject({ labels: ['PER'] });
    expect(tasks[1]!.annotations[0]!.result).toEqual([classes('a')]);
  });

  it('Prodigy says what was ignored, rejected and accepted', async () => {
    const lines = ['ignore', 'reject', 'accept'].map((answer) => JSON.stringify({ text: 'x', accept: ['a'], answer }));
    const tasks = await read('prodigy-jsonl', lines.join('\n'), { config });
    expect(tasks.map((task) => task.annotations.map((one) => [one.skipped, one.result.length]))).toEqual([
      [[true, 1]],
      [],
      [[false, 1]],
    ]);
    const lost: string[] = [];
    const line = await write('prodigy-jsonl', [row], { config, onLoss: (_id, message) => lost.push(message) });
    expect(JSON.parse(line)).toMatchObject({ answer: 'accept', _annotator_id: 'annotator:ada' });
    expect(lost).toEqual(['1 relations are left out.']);
  });

  it('spans behind the end of their text are refused', async () => {
    await expect(read('spacy-jsonl', '{"text":"ab","entities":[[0,3,"PER"]]}')).rejects.toThrow(AppError);
  });
});

describe('ASR manifest', () => {
  it('goes there and back', async () => {
    const transcript: Region = {
      from_name: 'label',
      to_name: 'audio',
      type: 'textarea',
      value: { text: ['hello there'] },
    };
    const text = await write('asr-manifest', [exportRow(1, { audio: 'a.wav' }, [transcript], { duration: 1.5 })]);
    expect(JSON.parse(text)).toEqual({
      audio_filepath: 'a.wav',
      duration: 1.5,
      text: 'hello there',
      annotator: 'annotator:ada',
    });
    const [task] = await read('asr-manifest', text);
    expect(task).toMatchObject({ data: { audio: 'a.wav' }, meta: { duration: 1.5 } });
    expect(task!.annotations[0]!.result).toEqual([transcript]);
  });
});
