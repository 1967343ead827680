/** `headstart rules check|preview|diff|save|apply|report|suggest|import|promote|list|show|schema`: rules from files, undoable. */
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../../server/contract/index.ts';
import type { Client } from '../client.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJob, watchJobs } from '../progress.ts';
import { draft, kind, placeIn, type RuleFlags, readText, source, withLists, withNumber } from '../rule-input.ts';
import { figures, shown, summary, totals } from '../rule-output.ts';
import { withSession } from '../session.ts';

const SUGGESTIONS = 20;

type Verb = (name: string, description: string) => Command;

export function addRules(program: Command): void {
  const rules = program.command('rules').description('rules: check, preview, compare, apply, measure, suggest');
  const verb: Verb = (name, description) =>
    withCommon(rules.command(name)).description(description).argument('<project>', 'id of the project', positive);
  addReading(verb);
  addApplying(verb);
  addWriting(verb);
}

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
        const params = { project_id: projectId };
        const preview = await onceKnown(client, () => client.call('rulePreview', { params, body }));
        out.rows(preview.rules.map(figures));
        for (const list of ['hits', 'contradicted', 'misses'] as const) {
          out.rows(preview[list].slice(0, flags.limit).map((task) => shown(list, task)));
        }
        out.note(summary(preview));
        tellUnreadable(preview.media);
      }),
    );
  withLists(withNumber(verb('diff', 'what would change from a saved document to a rule file or another one')))
    .argument('[file]', 'rule document, YAML or JSON')
    .option('--from <number>', 'the document to compare with (default: the newest)', positive)
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const body = { ...source(file, flags), ...(flags.from === undefined ? {} : { from: flags.from }) };
        const params = { project_id: projectId };
        const ask = () => client.call('ruleDiff', { params, body });
        const { examples, media, ...counts } = await onceKnown(client, ask);
        out.record(counts);
        for (const change of ['gained', 'lost', 'flipped'] as const) {
          out.rows(examples[change].map((task) => shown(change, task)));
        }
        tellUnreadable(media);
      }),
    );
  withLists(withNumber(verb('report', 'coverage, overlap, conflict and precision of each rule over all tasks')))
    .argument('[file]', 'rule document, YAML or JSON (default: a saved one)')
    .action((projectId: number, file: string | undefined, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        const body = source(file, flags);
        const report = await onceKnown(client, () => client.call('ruleReport', { params, body }));
        out.rows(report.rules.map(figures));
        if (report.conflicts.length > 0) out.rows(report.conflicts.map((pair) => ({ ...pair })));
        out.record(totals(report));
        tellUnreadable(report.media);
      }),
    );
  verb('suggest', 'words and phrases that announce a label in the annotated tasks, best first')
    .argument('<label>', 'the label')
    .option('--limit <number>', 'how many', positive, SUGGESTIONS)
    .option('--task <id>', 'only words of this task', positive)
    .action((projectId: number, label: string, flags: RuleFlags) =>
      withSession(flags, async ({ client, out }) => {
        const task = flags.task === undefined ? {} : { task: flags.task };
        const query = { label, limit: flags.limit ?? SUGGESTIONS, ...task };
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
  verb('schema', 'print the form of rule documents as a JSON Schema, with the labels of the project').action(
    (projectId: number, flags: RuleFlags) =>
      withSession(flags, async ({ client }) => {
        const schema = await client.call('ruleSchema', { params: { project_id: projectId } });
        process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
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
            text: readText(file),
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

type Media = Reply<'ruleReport'>['media'];

/** Asks again when the files that rules ask about have been looked at. */
async function onceKnown<T extends { readonly media: Media }>(client: Client, ask: () => Promise<T>): Promise<T> {
  const first = await ask();
  if (first.media === null || first.media.waiting === 0 || first.media.job === null) return first;
  await watchJob(client, first.media.job);
  return ask();
}

function tellUnreadable(media: Media): void {
  if (media === null || media.unreadable === 0) return;
  const { task, reason } = media.examples[0]!;
  const files = media.unreadable === 1 ? '1 file' : `${media.unreadable} files`;
  const message = `Rules keep silent on ${files} that do not tell all that is asked; the first, of task ${task}: ${reason}`;
  process.stderr.write(`${message}\n`);
}

function problemError(errors: Reply<'ruleCheck'>['problems']): AppError {
  const [first] = errors;
  const message = `${errors.length} problems; the first, in line ${first!.line}, column ${first!.column}: ${first!.message}`;
  return new AppError('RULE_BAD_DOCUMENT', message, { details: { line: first!.line, column: first!.column } });
}
