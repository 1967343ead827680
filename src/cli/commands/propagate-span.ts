/** `headstart propagate span`: a labeled span proposed wherever its words occur again; without words, what is labeled. */
import { type Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../../server/contract/index.ts';
import { positive, withCommon } from '../flags.ts';
import { watchJob } from '../progress.ts';
import { type CommonFlags, type Session, withSession } from '../session.ts';

interface SpanFlags extends CommonFlags {
  readonly label?: string;
  readonly scope: 'task' | 'project';
  readonly partWords?: boolean;
  readonly matchCase?: boolean;
  readonly preview?: boolean;
}

type Region = Reply<'taskAnnotations'>[number]['result'][number];

interface LabeledSpan {
  readonly words: string;
  readonly label: string;
  readonly region: Region;
}

export function addPropagateSpan(propagate: Command): void {
  withCommon(propagate.command('span'))
    .description('propose a labeled span wherever its words occur again; without words, list the labeled spans')
    .argument('<task>', 'id of a task with the labeled span', positive)
    .argument('[words]', 'the words of the span, as they stand in the text')
    .option('--label <name>', 'which label, where the words carry several')
    .addOption(
      new Option('--scope <where>', 'in the whole project or in this task')
        .choices(['project', 'task'])
        .default('project'),
    )
    .option('--part-words', 'inside of longer words too')
    .option('--match-case', 'upper and lower case differ')
    .option('--preview', 'count them and show some; writes nothing')
    .action((taskId: number, words: string | undefined, flags: SpanFlags) =>
      withSession(flags, async (session) => {
        const spans = await labeledSpans(session, taskId);
        if (words === undefined) listSpans(session, spans);
        else await spread(session, taskId, chosen(spans, words, flags.label), flags);
      }),
    );
}

async function labeledSpans({ client }: Session, taskId: number): Promise<LabeledSpan[]> {
  const annotations = await client.call('taskAnnotations', { params: { task_id: taskId } });
  return annotations.flatMap(({ result }) =>
    result.flatMap((region) => {
      const value = (region.value ?? {}) as { readonly text?: unknown; readonly [key: string]: unknown };
      const labels = value[String(region.type)];
      if (typeof value.text !== 'string' || typeof value.start !== 'number' || !Array.isArray(labels)) return [];
      return [{ words: value.text, label: labels.join(' + '), region }];
    }),
  );
}

function listSpans({ out }: Session, spans: readonly LabeledSpan[]): void {
  out.rows(spans.map(({ words, label }) => ({ words, label })));
  out.note(spans.length === 0 ? 'No span of this task is labeled.' : 'Give the words of one to propose it elsewhere.');
}

function chosen(spans: readonly LabeledSpan[], words: string, label: string | undefined): LabeledSpan {
  const own = spans.filter((span) => span.words === words && (label === undefined || span.label === label));
  const labels = [...new Set(own.map((span) => span.label))];
  if (labels.length === 1) return own[0]!;
  const problem =
    labels.length > 1
      ? `"${words}" is labeled ${labels.join(' and ')}; choose one with --label.`
      : `No span "${words}"${label === undefined ? '' : ` labeled ${label}`} is annotated in this task.`;
  throw new AppError('INPUT_BAD_FIELD', problem, { details: { field: 'words' } });
}

async function spread({ client, out }: Session, taskId: number, span: LabeledSpan, flags: SpanFlags): Promise<void> {
  const { project } = await client.call('taskGet', { params: { task_id: taskId } });
  const job = await client.call('spanSpread', {
    params: { project_id: project },
    body: {
      task: taskId,
      region: span.region,
      scope: flags.scope,
      whole_words: !flags.partWords,
      fold_case: !flags.matchCase,
      preview: flags.preview ?? false,
    },
  });
  const { output } = await watchJob(client, job.id);
  const { examples = [], ...counts } = output as { examples?: Record<string, unknown>[]; [key: string]: unknown };
  for (const { task, before, words, after } of examples) out.note(`${task}: ${before}[${words}]${after}`);
  out.record({ label: span.label, ...counts });
}
