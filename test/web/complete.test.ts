/** Completion of rule documents: what is offered where the cursor stands. */
import { CompletionContext } from '@codemirror/autocomplete';
import { yaml } from '@codemirror/lang-yaml';
import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { ruleSchema } from '../../src/rules/index.ts';
import { completerFor, type Schema } from '../../web/src/rules/complete.ts';

const complete = completerFor(ruleSchema({ labels: ['spam', 'not spam'], regions: ['Quote'] }) as Schema);

/** Labels offered at `|`; asked for by key when `explicit`. */
function offered(text: string, explicit = true): string[] {
  const at = text.indexOf('|');
  const state = EditorState.create({ doc: text.replace('|', ''), extensions: [yaml()] });
  return (complete(new CompletionContext(state, at, explicit))?.options ?? []).map((one) => one.label);
}

const RULE = 'headstart_rules: 1\nrules:\n  - id: a\n';

describe('completion', () => {
  it('offers keys of the document, of a rule and of conditions', () => {
    expect(offered('he|')).toEqual(expect.arrayContaining(['headstart_rules', 'rules', 'fold']));
    expect(offered(`${RULE}    la|`)).toEqual(expect.arrayContaining(['label', 'keywords', 'when', 'within', 'fact']));
    expect(offered('headstart_rules: 1\nrules:\n  - |')).toContain('id');
    expect(offered(`${RULE}    when:\n      |`)).toEqual(expect.arrayContaining(['all', 'not', 'fact', 'within']));
    expect(offered(`${RULE}    when:\n      all:\n        - |`)).toEqual(expect.arrayContaining(['fact', 'near']));
    expect(offered(`${RULE}    when:\n      all:\n        - fact:\n            |`)).toEqual(
      expect.arrayContaining(['path', 'min', 'exists']),
    );
    expect(offered(`${RULE}    when:\n      |`)).not.toContain('label');
  });

  it('offers facts, regions, labels and choices as values', () => {
    expect(offered(`${RULE}    fact:\n      path: br|`)).toEqual(expect.arrayContaining(['brightness', 'exif.Model']));
    expect(offered(`${RULE}    within:\n      region: |`)).toEqual(['Quote']);
    expect(offered(`${RULE}    label: |`)).toEqual(['spam', 'not spam']);
    expect(offered(`${RULE}    labels: [spam, |`)).toEqual(['spam', 'not spam']);
    expect(offered(`${RULE}    labels:\n      - |`)).toEqual(['spam', 'not spam']);
    expect(offered(`${RULE}    keywords:\n      match: |`)).toEqual(['word', 'prefix', 'substring', 'phrase']);
    expect(offered(`${RULE}    enabled: |`)).toEqual(['true', 'false']);
  });

  it('knows where it is inside braces', () => {
    const flow = (rule: string): string[] => offered(`headstart_rules: 1\nrules:\n  - ${rule}`);
    expect(flow('{id: a, label: spam, when: {fact: {path: |}}}')).toContain('brightness');
    expect(flow('{id: a, label: spam, when: {not: {fact: {path: width, m|}}}}')).toEqual(
      expect.arrayContaining(['min', 'max']),
    );
    expect(flow('{id: a, |}')).toContain('label');
  });

  it('keeps quiet in the middle of a text, and until it is asked or typed to', () => {
    expect(offered(`${RULE}    regex: won .* pri|`)).toEqual([]);
    expect(offered(`${RULE}    description: what a |`)).toEqual([]);
    expect(offered(`${RULE}    |`, false)).toEqual([]);
  });
});
