/** `headstart simulate` as a user runs it: a report, a page, and embeddings that are computed once. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, temporaryFolder } from '../helpers/process.ts';
import { makeTexts } from '../helpers/texts.ts';

const data = temporaryFolder();
const file = join(data.folder, 'mails.csv');
const flags = ['--text', 'body', '--label', 'kind', '--embedder', 'lexical', '--seeds', '2', '--batch', '5'];
const plan = ['--budget', '15', '--strategies', 'uncertainty-herding'];

const simulate = (path: string, ...more: string[]) => runCommand(['simulate', path, ...flags, ...more], data.folder);

beforeAll(() => {
  writeFileSync(file, ['body,kind', ...makeTexts(80).map(({ text, label }) => `${text},${label}`)].join('\n'));
});
afterAll(() => data.remove());

describe('simulate', () => {
  it('prints one report, writes the page, and embeds each version once', async () => {
    const html = join(data.folder, 'out.html');
    const first = await simulate(file, ...plan, '--html', html);
    expect(first.code, first.stderr).toBe(0);
    const report = JSON.parse(first.stdout) as { results: { strategy: string; curve: unknown[] }[] };
    expect(report.results.map((one) => one.strategy)).toEqual(['uncertainty-herding', 'random']);
    expect(report.results[0]!.curve).toHaveLength(3);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<svg[\s\S]*<\/html>\n$/);

    const cache = join(data.folder, 'simulations');
    const [rows, ...others] = readdirSync(cache);
    expect(others).toEqual([]);
    const { mtimeMs } = statSync(join(cache, rows!));
    expect((await simulate(file, ...plan)).stdout).toBe(first.stdout);
    expect(statSync(join(cache, rows!)).mtimeMs).toBe(mtimeMs);
  });

  it('takes neighbours with weights for one blend', async () => {
    const { stdout, stderr } = await simulate(file, '--budget', '10', '--strategies', 'margin, entropy:2, random:1');
    const report = JSON.parse(stdout || stderr) as { results: { strategy: string }[] };
    expect(report.results.map((one) => one.strategy)).toEqual(['margin', 'entropy:2, random:1', 'random']);
  });

  it.each([
    ['a file that is not there', 'nowhere.csv', [], 66, 'NOT_FOUND'],
    ['an unknown strategy', file, ['--strategies', 'best'], 65, 'INPUT_BAD_FIELD'],
    ['an unknown embedder', file, ['--embedder', 'nobody'], 66, 'NOT_FOUND'],
  ] as const)('refuses %s', async (_, path, more, code, error) => {
    const result = await simulate(path, ...more);
    expect(result.code).toBe(code);
    expect(JSON.parse(result.stderr.trim().split('\n').at(-1)!)).toMatchObject({ code: error });
  });
});
