/** Generated configs over all tags, and generated results over them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkResult,
  countDifference,
  diffResults,
  editLabels,
  editResult,
  type LabelConfig,
  labelsOf,
  parseLabelConfig,
  regionFromChoice,
  renderLabelConfig,
  TAGS,
} from '../../src/labelconfig/index.ts';
import { escapeAttribute } from '../../src/labelconfig/xml.ts';

const objects = TAGS.filter((row) => row.role === 'object');
const controls = TAGS.filter((row) => row.role === 'control');

const word = fc.string({ unit: fc.constantFrom(...'aZ09 -_.&<>"\'éß漢😀'), minLength: 1, maxLength: 8 });
const attributes = fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z]{2,8}$/), word, { maxKeys: 3 });
const labels = fc.uniqueArray(word, { minLength: 1, maxLength: 4, selector: (label) => label.toLowerCase().trim() });

const written = (given: Record<string, string>) =>
  Object.entries(given)
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
    .join('');

/** One object and some controls over it, wrapped in Views, with attributes and tags that nobody knows. */
const config = fc
  .record({
    object: fc.constantFrom(...objects),
    picked: fc.array(fc.record({ row: fc.constantFrom(...controls), labels, extra: attributes }), {
      minLength: 1,
      maxLength: 4,
    }),
    flags: fc.record({ required: fc.boolean(), perRegion: fc.boolean() }),
    strange: attributes,
  })
  .map(({ object, picked, flags, strange }) => {
    const known = new Set(['name', 'toname', 'value', 'valuelist', 'apiurl', 'alias', 'choice']);
    const clean = (extra: Record<string, string>) =>
      Object.fromEntries(Object.entries(extra).filter(([name]) => !known.has(name.toLowerCase())));
    const body = picked.map(({ row, labels, extra }, i) => {
      const inner =
        row.labels === undefined ? [] : labels.map((label) => `<${row.labels}${written({ value: label })}/>`);
      const own = {
        name: `c${i}`,
        toName: 'o',
        ...clean(extra),
        required: String(flags.required),
        perRegion: String(flags.perRegion),
      };
      return `<View><${row.tag}${written(own)}>\n  ${inner.join('\n  ')}\n</${row.tag}></View>`;
    });
    return `<View><Fancy${written(clean(strange))}/><${object.tag} name="o" value="$field"/>\n${body.join('\n')}</View>`;
  });

describe('generated configs', () => {
  it('survive a round trip', () => {
    fc.assert(
      fc.property(config, (xml) => {
        const parsed = parseLabelConfig(xml);
        expect(parsed.controls.length).toBeGreaterThan(0);
        expect(parseLabelConfig(renderLabelConfig(parsed))).toEqual(parsed);
      }),
    );
  });

  it('lose nothing but what an edit takes', () => {
    fc.assert(
      fc.property(config, word, (xml, name) => {
        const parsed = parseLabelConfig(xml);
        const control = parsed.controls.find((one) => one.labels.length > 0);
        // A blank label can stand in a config, but nobody can rename one back to it.
        fc.pre(control !== undefined && name.trim() !== '' && labelsOf(control)[0]!.trim() !== '');
        fc.pre(!labelsOf(control).includes(name));
        const renamed = editLabels(parsed, {
          kind: 'rename',
          control: control.name,
          label: labelsOf(control)[0]!,
          to: name,
        });
        const back = editLabels(renamed, {
          kind: 'rename',
          control: control.name,
          label: name,
          to: labelsOf(control)[0]!,
        });
        expect(back).toEqual(parsed);
        expect(parseLabelConfig(renderLabelConfig(renamed))).toEqual(renamed);
      }),
    );
  });
});

/** Choices with at least two labels, and an answer to them. */
const answered = fc.tuple(
  fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 2, maxLength: 6 }),
  fc.nat(),
  fc.nat(),
);

function choices(names: readonly string[]): LabelConfig {
  const inner = names.map((name) => `<Choice value="${name}"/>`).join('');
  return parseLabelConfig(`<View><Text name="t" value="$t"/><Choices name="c" toName="t">${inner}</Choices></View>`);
}

describe('generated results', () => {
  it('still fit after every edit that their config went through', () => {
    fc.assert(
      fc.property(answered, fc.constantFrom('rename', 'merge', 'remove'), ([names, a, b], kind) => {
        const parsed = choices(names);
        const control = parsed.controls[0]!;
        const [label, chosen] = [names[a % names.length]!, names[b % names.length]!];
        const into = names.find((name) => name !== label)!;
        const edit =
          kind === 'rename'
            ? ({ kind, control: 'c', label, to: 'fresh name' } as const)
            : kind === 'merge'
              ? ({ kind, control: 'c', label, into } as const)
              : ({ kind: 'remove', control: 'c', label } as const);
        const result = editResult(control, edit, [regionFromChoice(control, chosen)]);
        const { regions, problems } = checkResult(editLabels(parsed, edit), { data: { t: '' } }, result);
        expect(problems).toEqual([]);
        expect(regions).toHaveLength(kind === 'remove' && label === chosen ? 0 : 1);
      }),
    );
  });

  it('differ from themselves in nothing, and a difference accounts for every region', () => {
    const box = fc.tuple(fc.nat(70), fc.nat(70), fc.constantFrom('A', 'B')).map(([x, y, label]) => ({
      from_name: 'b',
      to_name: 'i',
      type: 'rectanglelabels',
      value: { x, y, width: 20, height: 20, rotation: 0, rectanglelabels: [label] },
    }));
    fc.assert(
      fc.property(fc.array(box, { maxLength: 6 }), fc.array(box, { maxLength: 6 }), (before, after) => {
        expect(diffResults(before, before).every((one) => one.change === 'accepted')).toBe(true);
        const differences = diffResults(before, after);
        expect(differences.flatMap((one) => one.after ?? [])).toEqual(after);
        expect(new Set(differences.flatMap((one) => one.before ?? [])).size).toBe(new Set(before).size);
        const { accepted, changed, added, removed } = countDifference(differences);
        expect([accepted + changed + removed, accepted + changed + added]).toEqual([before.length, after.length]);
      }),
    );
  });

  it('never bring a check down, whatever they hold', () => {
    const parsed = choices(['a', 'b']);
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({ from_name: fc.constantFrom('c', 'x'), type: fc.jsonValue(), value: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (result) => {
        const { regions, problems } = checkResult(parsed, { data: {} }, result);
        expect(regions.length + problems.filter((one) => !one.repaired).length).toBe(result.length);
      }),
    );
  });
});
