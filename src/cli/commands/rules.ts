/** `headstart rules check|preview|diff|save|apply|report|suggest|import|promote|list|show`: rules from files, undoable. */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../../server/contract/index.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJobs } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

const SUGGESTIONS = 20;

type ListFiles = readonly (readonly [name: string, file: string])[];

interface RuleFlags extends CommonFlags {
  readonly list: ListFiles;
  readonly number?: number;
  readonly rule?: string;
  readonly limit?: number;
  readonly from?: number;
  readonly kind?: 'csv' | 'spacy';
  readonly field?: string;
  readonly to?: string;
}

type Verb = (name: string, description: string) => Command;

export function addRules(program: Command): void {
  const rules = program.command('rules').description('rules: check, preview, compare, apply, measure, suggest');
  const verb: Verb = (name, description) =>
    withCommon(rules.command(name)).description(description).argument('<project>', 'id of the project', positive);
  addReading(verb);
  addApplying(verb);
  addWriting(verb);
}

const withLists = (command: Command): Command =>
  command.option('--list <name=file>', 'words of a list that the document names, one per line', addList, []);
const withNumber = (command: Command): Command =>
  command.option('--number <number>', 'a saved document (default: the newest)', positive);

function addReading(verb: Verb): void {
  withLists(verb('check', 'say what is wrong in a rule file, and how each pattern would be run'))
    .argument('<file>', 'rule document, YAML or JSON')
    .action((projectId: number, file: string, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const checked = await client.call('ruleCheck', { params: { project_id: projectId }, body: draft(file, flags) });
        out.rows(checked.problems.map((one) => ({ ...one })));
        out.rows(checked.patterns.map(({ rule, line, safety, reason }) => ({ rule, line, safety, reason })));
        const errors = checked.problems.filter((one) => one.severity === 'error');
        if (errors.length > 0) throw problemError(errors);
        out.note(`${checked.rules.length} rules are in order, version ${checked.version}.`);
      }),
    );
  withLists(withNumber(verb('preview', 'try a rule file, or a saved document, on 1,000 tasks; changes nothing')))
    .argument('[file]', 'rule document, YAML or JSON')
    .option('--rule <id>', 'show the tasks of this rule')
    .option('--limit <number>', 'tasks to show', positive, 10)
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const body = { ...source(file, flags), ...(flags.rule === undefined ? {} : { rule: flags.rule }) };
        const preview = await client.call('rulePreview', { params: { project_id: projectId }, body });
        out.rows(preview.rules.map(figures));
        for (const list of ['hits', 'contradicted', 'misses'] as const) {
          out.rows(preview[list].slice(0, flags.limit).map((task) => shown(list, task)));
        }
        out.note(summary(preview));
      }),
    );
  withLists(withNumber(verb('diff', 'what would change from a saved document to a rule file or another one')))
    .argument('[file]', 'rule document, YAML or JSON')
    .option('--from <number>', 'the document to compare with (default: the newest)', positive)
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const body = { ...source(file, flags), ...(flags.from === undefined ? {} : { from: flags.from }) };
        const { examples, ...counts } = await client.call('ruleDiff', { params: { project_id: projectId }, body });
        out.record(counts);
        for (const change of ['gained', 'lost', 'flipped'] as const) {
          out.rows(examples[change].map((task) => shown(change, task)));
        }
      }),
    );
  withLists(withNumber(verb('report', 'coverage, overlap, conflict and precision of each rule over all tasks')))
    .argument('[file]', 'rule document, YAML or JSON (default: a saved one)')
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const report = await client.call('ruleReport', {
          params: { project_id: projectId },
          body: source(file, flags),
        });
        out.rows(report.rules.map(figures));
        if (report.conflicts.length > 0) out.rows(report.conflicts.map((pair) => ({ ...pair })));
        const { tasks, annotated, coverage, overlap, conflict, accuracy } = report;
        out.record({ tasks, annotated, coverage, overlap, conflict, accuracy });
      }),
    );
  verb('suggest', 'words and phrases that announce a label in the annotated tasks, best first')
    .argument('<label>', 'the label')
    .option('--limit <number>', 'how many', positive, SUGGESTIONS)
    .action((projectId: number, label: string, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const query = { label, limit: flags.limit ?? SUGGESTIONS };
        const found = await client.call('ruleSuggest', { params: { project_id: projectId }, query });
        out.rows(found.map((one) => ({ ...one })));
      }),
    );
  verb('list', 'saved rule documents, oldest first').action((projectId: number, flags: RuleFlags) =>
    withSession(flags, async ({ client, out }) => {
      const list = await client.call('ruleList', { params: { project_id: projectId } });
      out.rows(
        list.map(({ number, version, rule_count, created_at }) => ({ number, version, rule_count, created_at })),
      );
    }),
  );
  withNumber(verb('show', 'print a saved rule document')).action((projectId: number, flags: RuleFlags) =>
    withSession(flags, async ({ client }) => {
      const query = flags.number === undefined ? {} : { number: flags.number };
      process.stdout.write((await client.call('ruleGet', { params: { project_id: projectId }, query })).document);
    }),
  );
}

function addApplying(verb: Verb): void {
  withLists(verb('save', 'keep a rule file as the next version; applies nothing'))
    .argument('<file>', 'rule document, YAML or JSON')
    .action((projectId: number, file: string, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const saved = await client.call('ruleSave', { params: { project_id: projectId }, body: draft(file, flags) });
        out.record({ number: saved.number, version: saved.version, rules: saved.rule_count });
      }),
    );
  withLists(withNumber(verb('apply', 'write the votes of a rule file, or of a saved document, as one undoable run')))
    .argument('[file]', 'rule document, YAML or JSON; it is saved first')
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        const number = file
          ? (await client.call('ruleSave', { params, body: draft(file, flags) })).number
          : flags.number;
        const job = await client.call('ruleApply', { params, body: number === undefined ? {} : { number } });
        await watchJobs(client, projectId);
        const ended = await client.call('jobGet', { params: { job_id: job.id } });
        out.record(ended.output as Row);
      }),
    );
}

function addWriting(verb: Verb): void {
  verb('import', 'make a rule document of `label,word` lines or spaCy patterns and print it')
    .argument('<file>', 'CSV, or JSONL of spaCy patterns')
    .option('--kind <kind>', 'csv or spacy (default: by the ending)', kind)
    .option('--field <path>', 'where the text stands, like data.text')
    .option('--to <file>', 'rule document to add to')
    .action((projectId: number, file: string, flags: RuleFlags) =>
      withSession(flags, async ({ client }) => {
        const made = await client.call('ruleImport', {
          params: { project_id: projectId },
          body: {
            text: readFileSync(file, 'utf8'),
            kind: flags.kind ?? (extname(file) === '.jsonl' ? 'spacy' : 'csv'),
            ...placeIn(flags),
          },
        });
        for (const { line, reason } of made.skipped) {
          process.stderr.write(`${basename(file)}, line ${line}, left out: ${reason}\n`);
        }
        process.stdout.write(made.document);
      }),
    );
  verb('promote', 'make a rule of words and print the document')
    .argument('<label>', 'the label')
    .argument('<words...>', 'a word or a phrase')
    .option('--field <path>', 'where the text stands, like data.text')
    .option('--to <file>', 'rule document to add to')
    .action((projectId: number, label: string, words: string[], flags: RuleFlags) =>
      withSession(flags, async ({ client }) => {
        const body = { label, text: words.join(' '), ...placeIn(flags) };
        const made = await client.call('rulePromote', { params: { project_id: projectId }, body });
        process.stdout.write(made.document);
      }),
    );
}

function placeIn({ field, to }: RuleFlags) {
  return {
    ...(field === undefined ? {} : { field }),
    ...(to === undefined ? {} : { document: readFileSync(to, 'utf8') }),
  };
}

function draft(file: string, { list }: RuleFlags) {
  return { document: readFileSync(file, 'utf8'), ...(list.length === 0 ? {} : { lists: listsOf(list) }) };
}

function source(file: string | undefined, flags: RuleFlags) {
  if (file !== undefined) return draft(file, flags);
  return flags.number === undefined ? {} : { number: flags.number };
}

function listsOf(list: ListFiles): Record<string, string[]> {
  const words = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return Object.fromEntries(list.map(([name, file]) => [name, words(file)]));
}

function addList(text: string, before: ListFiles): ListFiles {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [...before, [text.slice(0, at), text.slice(at + 1)]];
  throw new InvalidArgumentError('a list is NAME=FILE, like cities=cities.txt.');
}

function kind(text: string): 'csv' | 'spacy' {
  if (text === 'csv' || text === 'spacy') return text;
  throw new InvalidArgumentError('csv or spacy is wanted.');
}

function problemError(errors: Reply<'ruleCheck'>['problems']): AppError {
  const [first] = errors;
  const message = `${errors.length} problems; the first, in line ${first!.line}, column ${first!.column}: ${first!.message}`;
  return new AppError('RULE_BAD_DOCUMENT', message, { details: { line: first!.line, column: first!.column } });
}

function figures(rule: Reply<'ruleReport'>['rules'][number]): Row {
  const { id, labels, hits, coverage, overlap, conflict, precision, covers, fault } = rule;
  return {
    rule: id,
    labels: labels.join(', '),
    hits,
    coverage: rounded(coverage),
    overlap: rounded(overlap),
    conflict: rounded(conflict),
    precision: precision && rounded(precision.share),
    from: precision && rounded(precision.low),
    to: precision && rounded(precision.high),
    checked: precision?.n ?? 0,
    alone: covers,
    fault,
  };
}

function shown(list: string, { task, text, votes, annotated }: Reply<'rulePreview'>['hits'][number]): Row {
  const says = votes.map(({ rule, label }) => `${rule}: ${label}`).join(', ');
  return { list, task, votes: says, annotated: annotated.join(', '), text };
}

function summary({ tasks, coverage, conflict, ms }: Reply<'rulePreview'>): string {
  return `${tasks} tasks in ${ms.toFixed(0)} ms: ${percent(coverage)} covered, ${percent(conflict)} with conflicts.`;
}

function rounded(share: number): number {
  return Math.round(1e4 * share) / 1e4;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
