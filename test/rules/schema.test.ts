/** The JSON Schema of rule documents: takes what the program takes, and refuses the mistakes that a form can show. */
import { Compile } from 'typebox/schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkRules, FACT_PATHS, ruleSchema } from '../../src/rules/index.ts';

const LABELS = ['ham', 'spam'];
const schema = Compile(ruleSchema({ labels: LABELS, regions: ['Quote'] }) as object);
const document = (rule: string) => `headstart_rules: 1\nrules:\n  - ${rule}\n`;
const fits = (text: string) => schema.Check(parse(text));
const sound = (text: string) => checkRules(text, { labels: LABELS }).problems.every((one) => one.severity !== 'error');

const RIGHT = [
  '{id: a, label: spam, keywords: [x, 5000]}',
  '{id: a, labels: [spam, ham], phrases: click here}',
  '{id: a, label: spam, keywords: {words: [x], match: prefix, fold: none, field: meta.note}}',
  '{id: a, label: spam, regex: {pattern: "a+", flags: ""}, priority: -1, enabled: false, description: why}',
  '{id: a, veto: true, when: {not: {regex: x}}}',
  '{id: a, label: spam, spans: {group: 1}, regex: "(a)"}',
  '{id: a, label: spam, when: {all: [{any: [{keywords: [a]}]}, {at_least: {min: 1, of: [{regex: b}]}}]}}',
  '{id: a, label: spam, count: {of: {keywords: [c]}, min: 2}}',
  '{id: a, label: spam, near: {first: {keywords: [d]}, second: {keywords: [e]}, window: 3, unit: chars}}',
  '{id: a, label: spam, within: {region: Quote, of: {keywords: [f]}}}',
  '{id: a, label: spam, field: {path: sent, after: 2024-01-01, length: {min: 1}}}',
  '{id: a, label: spam, score: {model: head, label: spam, min: 0.8}}',
  ...FACT_PATHS.map((path) => `{id: a, label: spam, fact: {path: ${path}, exists: true}}`),
];

const WRONG = [
  '{id: a, label: eggs, keywords: [x]}',
  '{id: a, label: spam, keyword: [x]}',
  '{id: a, label: spam, keywords: []}',
  '{id: a, label: spam, keywords: [x], regex: y}',
  '{id: a, label: spam}',
  '{label: spam, keywords: [x]}',
  '{id: a, keywords: [x]}',
  '{id: a, label: spam, when: {keywords: [x], regex: y}}',
  '{id: a, label: spam, fact: {path: widht, min: 1}}',
  '{id: a, label: spam, fact: {path: width}}',
  '{id: a, label: spam, near: {first: {keywords: [d]}, window: 3}}',
  '{id: a, label: spam, keywords: {words: [x], match: somewhere}}',
];

describe('the schema of rule documents', () => {
  it.each(RIGHT)('takes %s', (rule) => {
    expect([sound(document(rule)), fits(document(rule))]).toEqual([true, true]);
  });

  it.each(WRONG)('refuses %s', (rule) => {
    expect([sound(document(rule)), fits(document(rule))]).toEqual([false, false]);
  });

  it('knows the regions of the project', () => {
    expect(fits(document('{id: a, label: spam, within: {region: Quota, of: {keywords: [f]}}}'))).toBe(false);
  });
});
