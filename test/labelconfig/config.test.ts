import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import {
  addLabel,
  checkResult,
  choicesOfResult,
  controlNamed,
  countDifference,
  diffResults,
  editResult,
  exampleData,
  type LabelConfig,
  labelsOf,
  makeChoicesConfig,
  mergeLabels,
  missingAnswers,
  missingFields,
  outcomeOf,
  parseLabelConfig,
  regionFromChoice,
  removeLabel,
  renameLabel,
  renderLabelConfig,
  requiredFields,
} from '../../src/labelconfig/index.ts';

const SPAM = `<View>
  <Header value="Is this spam?"/>
  <Text name="text" value="$text"/>
  <Choices name="label" toName="text" choice="single" required="true">
    <Choice value="Spam" alias="spam" hotkey="1" predicted_values="junk, SPAM!"/>
    <Choice value="Ham" alias="ham" hotkey="2"/>
  </Choices>
</View>
<!-- {"data": {"text": "hello"}} -->`;

const config = parseLabelConfig(SPAM);
const label = controlNamed(config, 'label')!;
const task = { data: { text: 'hello' } };
const choice = (...names: string[]) => ({
  id: 'a',
  from_name: 'label',
  to_name: 'text',
  type: 'choices',
  value: { choices: names },
});

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseLabelConfig', () => {
  it('reads controls, objects, aliases, hotkeys and data fields', () => {
    expect(label).toMatchObject({
      tag: 'Choices',
      kind: 'classification',
      type: 'choices',
      toName: ['text'],
      multiple: false,
      required: true,
      scope: 'task',
    });
    expect(labelsOf(label)).toEqual(['spam', 'ham']);
    expect(label.labels[0]).toMatchObject({ value: 'Spam', hotkey: '1', predictedValues: ['junk', 'SPAM!'] });
    expect(config.objects).toMatchObject([{ name: 'text', tag: 'Text', field: 'text', valueType: null }]);
    expect(requiredFields(config)).toEqual(['text']);
    expect(missingFields(config, { txt: 'x' })).toEqual(['text']);
    expect(missingFields(parseLabelConfig(SPAM.replace('$text', '$review.text')), { 'review.text': 'x' })).toEqual([]);
  });

  it('keeps unknown tags, attributes and comments through a round trip', () => {
    const xml =
      '<View><Fancy glow="1&#10;2"><Text name="t" value="$a" zap="&quot;&lt;"/></Fancy><!-- c -->' +
      '<Choices name="c" toName="t"><Choice value="A"/></Choices></View>';
    const parsed = parseLabelConfig(xml);
    expect(parseLabelConfig(renderLabelConfig(parsed))).toEqual(parsed);
    expect(renderLabelConfig(parsed)).toContain('zap="&quot;&lt;"');
    expect(renderLabelConfig(config)).toContain('<!-- {"data"');
  });

  it.each([
    ['LABELCONFIG_BAD_XML', '<View>\n  <Text name="t" value="$x">\n</View>', 3],
    ['LABELCONFIG_BAD_XML', 'hello', 1],
    ['LABELCONFIG_BAD_XML', '', 1],
    ['LABELCONFIG_BAD_XML', '<View>\0</View>', 1],
    ['LABELCONFIG_FORBIDDEN_XML', '<!DOCTYPE v [<!ENTITY a "b">]>\n<View>&a;</View>', 1],
    ['LABELCONFIG_FORBIDDEN_XML', '<View>\n&nbsp;</View>', 2],
    ['LABELCONFIG_NO_CONTROL', '\n<View><Text name="t" value="$x"/></View>', 2],
    ['LABELCONFIG_BAD_TAG', '<View>\n<Choices name="c" toName="t"><Choice value="A"/></Choices></View>', 2],
    ['LABELCONFIG_BAD_TAG', '<View>\n<Text\n name="t" value="$x"/>\n<Text name="t" value="$y"/></View>', 4],
    ['LABELCONFIG_BAD_TAG', '<View><Text name="t" value="$x"/>\n<Choices toName="t"/></View>', 2],
    [
      'LABELCONFIG_BAD_TAG',
      '<View><Text name="t" value="$x"/><Choices name="c" toName="t">\n<Choice/></Choices></View>',
      2,
    ],
  ])('refuses with %s: %j', (code, xml, line) => {
    const error = errorOf(() => parseLabelConfig(xml));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({ line });
    expect(error.message).toContain(`line ${line}, column ${String(error.details.column)}`);
  });

  it('reads what model backends look for, and example data in comments', () => {
    const smart = SPAM.replace('choice="single"', 'choice="single" smart="true" model_score_threshold="0.25"');
    expect(parseLabelConfig(smart).controls[0]).toMatchObject({ smart: true, scoreThreshold: 0.25 });
    expect(label).toMatchObject({ smart: false, scoreThreshold: null });
    expect(exampleData(config)).toEqual({ text: 'hello' });
    expect(exampleData(parseLabelConfig(SPAM.replace('{"data"', '{oops')))).toBeNull();
  });

  it('reads conditions, of enclosing Views too, and what a control is about', () => {
    const { controls } = parseLabelConfig(`<View>
      <Image name="pages" valueList="$pages"/>
      <RectangleLabels name="box" toName="pages"><Label value="Car"/></RectangleLabels>
      <Choices name="kind" toName="pages" perItem="true"><Choice value="a"/></Choices>
      <View visibleWhen="choice-selected" whenTagName="kind" whenChoiceValue="a">
        <Choices name="shade" toName="pages" perRegion="true" whenTagName="box" whenLabelValue="Car"><Choice value="b"/></Choices>
      </View>
      <TextArea name="why" toName="pages"/>
    </View>`);
    const whole = { when: 'choice-selected', tag: 'kind', label: null, choice: 'a' };
    const own = { when: 'region-selected', tag: 'box', label: 'Car', choice: null };
    expect(controls.map(({ name, scope, conditions }) => [name, scope, conditions])).toEqual([
      ['box', 'task', []],
      ['kind', 'item', []],
      ['shade', 'region', [whole, own]],
      ['why', 'task', []],
    ]);
  });

  it('answers the empty config of protocol probes only when asked', () => {
    expect(parseLabelConfig('<View></View>', { allowNoControl: true }).controls).toEqual([]);
  });

  it('bounds size, depth and tags', () => {
    expect(errorOf(() => parseLabelConfig('<View>'.repeat(10_000))).code).toBe('LIMIT_SIZE');
    expect(errorOf(() => parseLabelConfig(`<View>${'<a/>'.repeat(30_000)}</View>`)).code).toBe('LIMIT_SIZE');
    expect(errorOf(() => parseLabelConfig(' '.repeat(2_000_000))).code).toBe('LIMIT_SIZE');
  });

  it('does not take inherited names for attributes or labels', () => {
    const xml =
      '<View __proto__="x"><Text name="constructor" value="$toString"/>' +
      '<Choices name="__proto__" toName="constructor"><Choice value="hasOwnProperty"/></Choices></View>';
    const parsed = parseLabelConfig(xml);
    expect(labelsOf(parsed.controls[0]!)).toEqual(['hasOwnProperty']);
    expect(missingFields(parsed, {})).toEqual(['toString']);
    expect(parseLabelConfig(renderLabelConfig(parsed))).toEqual(parsed);
  });

  it('parses what it renders, whatever the names', () => {
    const names = fc.uniqueArray(
      fc.string({ minLength: 1, unit: 'grapheme' }).map((text) => text.trim()),
      { minLength: 1 },
    );
    const clean = names.filter(
      (list) => new Set(list).size === list.length && !list.includes('') && list.every(isXmlText),
    );
    fc.assert(
      fc.property(clean, fc.boolean(), (labels, multiple) => {
        const made = makeChoicesConfig({ labels, field: 'text', multiple });
        expect(labelsOf(made.controls[0]!)).toEqual(labels);
        expect(parseLabelConfig(renderLabelConfig(made))).toEqual(made);
      }),
    );
  });
});

/** Characters XML 1.0 can hold at all. */
function isXmlText(text: string): boolean {
  return [...text].every((char) => {
    const code = char.codePointAt(0)!;
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    return (code >= 0x20 || '\t\n\r'.includes(char)) && !isSurrogate && code !== 0xfffe && code !== 0xffff;
  });
}

describe('makeChoicesConfig', () => {
  it('makes the config of `--labels spam,ham`', () => {
    const made = makeChoicesConfig({ labels: ['spam', ' ham'], field: 'body' });
    expect(labelsOf(made.controls[0]!)).toEqual(['spam', 'ham']);
    expect(made.controls[0]!.labels.map((one) => one.hotkey)).toEqual(['1', '2']);
    expect(requiredFields(made)).toEqual(['body']);
  });

  it.each([[[]], [['a', 'a']], [['a', ' ']]])('refuses %j', (labels) => {
    expect(errorOf(() => makeChoicesConfig({ labels, field: 'text' })).code).toBe('INPUT_BAD_FIELD');
  });
});

describe('checkResult', () => {
  const check = (...regions: unknown[]) => checkResult(config, task, regions);

  it('keeps a good region as it is', () => {
    const region = { ...choice('spam'), origin: 'manual', mystery: [1] };
    expect(check(region)).toEqual({ regions: [region], problems: [] });
  });

  it.each([
    ['label case', { ...choice('SPAM') }],
    ['value for alias', { ...choice('Spam') }],
    ['predicted_values', { ...choice('junk') }],
    ['type missing', { ...choice('spam'), type: undefined }],
    ['type case', { ...choice('spam'), type: 'Choices' }],
    ['from_name missing', { ...choice('spam'), from_name: undefined }],
    ['to_name missing', { ...choice('spam'), to_name: undefined }],
    ['bare text', { ...choice('spam'), value: { choices: 'spam' } }],
  ])('repairs %s and says so', (_name, region) => {
    const { regions, problems } = check(region);
    expect(regions).toEqual([choice('spam')]);
    expect(problems).toMatchObject([{ index: 0, id: 'a', repaired: true }]);
  });

  it.each([
    ['an unknown label', choice('eggs')],
    ['an unknown control', { ...choice('spam'), from_name: 'other' }],
    ['an unknown object', { ...choice('spam'), to_name: 'image' }],
    ['a foreign type', { ...choice('spam'), type: 'rating' }],
    ['two answers to a single choice', choice('spam', 'ham')],
    ['no value', { from_name: 'label', to_name: 'text', type: 'choices' }],
    ['no object', 7],
    ['null', null],
  ])('refuses %s alone', (_name, region) => {
    const { regions, problems } = check(choice('ham'), region, choice('spam'));
    expect(regions).toEqual([choice('ham'), choice('spam')]);
    expect(problems).toMatchObject([{ index: 1, repaired: false }]);
    expect(problems[0]!.message).toMatch(/\.$/);
  });

  it('drops a score that is none', () => {
    const { regions, problems } = check({ ...choice('spam'), score: 7 });
    expect(regions).toEqual([choice('spam')]);
    expect(problems).toHaveLength(1);
  });
});

describe('checkResult on the pages of a list', () => {
  const pages = parseLabelConfig(
    '<View><Image name="i" valueList="$pages"/><Choices name="c" toName="i" perItem="true"><Choice value="A"/></Choices></View>',
  );
  const task = { data: { pages: ['a.png', 'b.png'] } };
  const on = (item_index: unknown) =>
    [{ from_name: 'c', to_name: 'i', type: 'choices', value: { choices: ['A'] }, item_index }] as never;

  it('takes a page that is there and names one that is not', () => {
    expect(checkResult(pages, task, on(1))).toMatchObject({ regions: [{ item_index: 1 }], problems: [] });
    for (const bad of [2, -1, 0.5, 'x']) {
      const { regions, problems } = checkResult(pages, task, on(bad));
      expect(regions).toEqual([]);
      expect(problems[0]!.message).toContain('the task has 2 items');
    }
  });
});

describe('missingAnswers', () => {
  it('names required controls without an answer', () => {
    expect(missingAnswers(config, task, [])).toEqual(['label']);
    expect(missingAnswers(config, task, [choice('spam')])).toEqual([]);
  });

  it('asks once per repeated entry', () => {
    const repeated =
      parseLabelConfig(`<View><Repeater on="$turns" indexFlag="{{i}}"><Text name="t_{{i}}" value="$turns[{{i}}]"/>
      <Choices name="c_{{i}}" toName="t_{{i}}" required="true"><Choice value="A"/></Choices></Repeater></View>`);
    const data = { turns: ['x', 'y'] };
    const answer = { from_name: 'c_1', to_name: 't_1', type: 'choices', value: { choices: ['A'] } };
    expect(missingAnswers(repeated, { data }, [answer])).toEqual(['c_0']);
    expect(checkResult(repeated, { data }, [answer]).problems).toEqual([]);
    expect(checkResult(repeated, { data }, [{ ...answer, from_name: 'c_2' }]).regions).toEqual([]);
  });
});

describe('choices as regions', () => {
  it('go out and come back', () => {
    const region = regionFromChoice(label, 'spam', { score: 0.75 });
    expect(region).toMatchObject({ from_name: 'label', to_name: 'text', type: 'choices', score: 0.75 });
    expect(String(region.id)).toHaveLength(10);
    expect(choicesOfResult(label, [region])).toEqual(['spam']);
    expect(checkResult(config, task, [region]).problems).toEqual([]);
  });
});

describe('label edits', () => {
  const edited = (made: LabelConfig) => labelsOf(made.controls[0]!);

  it('change the config in place', () => {
    expect(edited(addLabel(config, 'label', 'unsure', '3'))).toEqual(['spam', 'ham', 'unsure']);
    expect(edited(renameLabel(config, 'label', 'spam', 'junk'))).toEqual(['junk', 'ham']);
    expect(edited(removeLabel(config, 'label', 'spam'))).toEqual(['ham']);
    expect(edited(mergeLabels(config, 'label', 'spam', 'ham'))).toEqual(['ham']);
    const xml = renderLabelConfig(addLabel(config, 'label', 'unsure', '3'));
    expect(xml).toContain('\n    <Choice value="unsure" hotkey="3"/>\n  </Choices>');
  });

  it('undo each other to the letter', () => {
    const added = addLabel(config, 'label', 'unsure');
    expect(removeLabel(added, 'label', 'unsure')).toEqual(config);
    const renamed = renameLabel(config, 'label', 'spam', 'junk');
    expect(renameLabel(renamed, 'label', 'junk', 'spam')).toEqual(config);
  });

  it('refuse what is not there or taken', () => {
    for (const work of [
      () => addLabel(config, 'label', 'ham'),
      () => addLabel(config, 'nope', 'x'),
      () => renameLabel(config, 'label', 'spam', 'ham'),
      () => removeLabel(config, 'label', 'eggs'),
      () => mergeLabels(config, 'label', 'spam', 'spam'),
      () => removeLabel(removeLabel(config, 'label', 'spam'), 'label', 'ham'),
    ]) {
      expect(errorOf(work).code).toBe('INPUT_BAD_FIELD');
    }
  });

  it('migrate results', () => {
    const result = [choice('spam', 'ham'), { ...choice('spam'), id: 'b' }, { ...choice('spam'), from_name: 'other' }];
    const foreign = result[2]!;
    const run = (edit: Parameters<typeof editResult>[1]) => editResult(label, edit, result);
    expect(run({ kind: 'rename', control: 'label', label: 'spam', to: 'junk' })).toEqual([
      choice('junk', 'ham'),
      { ...choice('junk'), id: 'b' },
      foreign,
    ]);
    expect(run({ kind: 'merge', control: 'label', label: 'spam', into: 'ham' })).toEqual([
      choice('ham'),
      { ...choice('ham'), id: 'b' },
      foreign,
    ]);
    expect(run({ kind: 'remove', control: 'label', label: 'spam' })).toEqual([choice('ham'), foreign]);
  });
});

describe('diffResults', () => {
  const count = (before: object[], after: object[]) => countDifference(diffResults(before as never, after as never));

  it('tells accepted from changed, added and removed', () => {
    expect(count([choice('spam')], [{ ...choice('spam'), id: 'z', score: 0.5 }])).toMatchObject({
      accepted: 1,
      changed: 0,
    });
    expect(count([choice('spam')], [{ ...choice('ham'), id: 'z' }])).toMatchObject({
      changed: 1,
      added: 0,
      removed: 0,
    });
    expect(count([], [choice('ham')])).toMatchObject({ added: 1 });
    expect(count([choice('ham')], [])).toMatchObject({ removed: 1 });
    expect(count([choice('a', 'b')], [choice('b', 'a')])).toMatchObject({ accepted: 1 });
  });

  it('names the outcome', () => {
    expect(outcomeOf(null, [choice('spam')])).toBe('unaided');
    expect(outcomeOf([choice('spam')], [choice('spam')])).toBe('accepted');
    expect(outcomeOf([choice('spam')], [choice('ham')])).toBe('changed');
  });
});
