/** Rules of a project: documents saved, previewed, compared, measured, and applied as jobs. */

import type { StoredLabelModel } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { valueAt } from '../../labelconfig/index.ts';
import {
  normalPath,
  ruleChanges,
  ruleSchema,
  rulesFromCsv,
  rulesFromSpacy,
  type SpanOutput,
} from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import { found, notFound } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { bodyOf } from '../suggestions/label-model-body.ts';
import type { LabelModelView, RuleImport, RulePromotion, RulesApi, RuleTask } from './api.ts';
import { enqueueRules } from './apply.ts';
import { appendRules, idFrom } from './edit.ts';
import { missingFacts } from './media-facts-job.ts';
import { previewRules } from './preview.ts';
import { estimateRules, examineScan, reportView, ruleTasks } from './report.ts';
import { scanProject } from './scan.ts';
import { checkDraft, documentOf, fittingRules, NO_RULE_LABELS, programOf, requireSound, rulesOf } from './source.ts';
import { spanTargetsOf } from './span-target.ts';
import { suggestWords } from './suggest.ts';

const DIFF_SHOWN = 20;

export function createRules(deps: Deps, configs: ProjectConfigs): RulesApi {
  const { store } = deps;
  const open = async (projectId: number) => {
    const project = await found('project', projectId, store.projects.get(projectId));
    return { project, config: configs.of(project) };
  };
  return {
    async schema(projectId) {
      const { config } = await open(projectId);
      const regions = spanTargetsOf(config.parsed).flatMap(({ labels }) => labels);
      return ruleSchema({ labels: config.ruleLabels, regions: [...new Set(regions)] });
    },
    check: async (projectId, draft) => checkDraft(deps, (await open(projectId)).config, draft),

    async save(projectId, draft) {
      const { config } = await open(projectId);
      const { set, patterns } = requireSound(await checkDraft(deps, config, draft));
      return store.rules.add({
        projectId,
        version: set.version,
        text: draft.text,
        lists: draft.lists ?? {},
        ruleCount: set.rules.length,
        patterns: patterns.map(({ rule, line, pattern, verdict }) => {
          const { safety, reason, charsMax } = verdict;
          return { rule, line, pattern, safety, reason, charsMax: Number.isFinite(charsMax) ? charsMax : null };
        }),
      });
    },

    list: (projectId) => store.rules.list(projectId),
    get: (projectId, number) => documentOf(deps, projectId, number === undefined ? 'newest' : { number }),
    import: async (projectId, request) => importRules((await open(projectId)).config, request),
    promote: async (projectId, request) => promote(deps, (await open(projectId)).config, projectId, request),

    async preview(projectId, source, options = {}) {
      const { project, config } = await open(projectId);
      return previewRules(deps, project, config, await rulesOf(deps, project, config, source), options.rule);
    },

    async report(projectId, source) {
      const { project, config } = await open(projectId);
      const program = programOf(await rulesOf(deps, project, config, source), config);
      const [scan] = await scanProject(deps, project, config, [program]);
      const [examined, estimated, media] = await Promise.all([
        examineScan(deps, config, program, scan!),
        estimateRules(deps, program, config, scan!),
        missingFacts(deps, { projectId, config, rules: program.rules, all: true }, scan!.gaps),
      ]);
      return reportView(program, scan!, examined, media, estimated);
    },

    async diff(projectId, from, to) {
      const { project, config } = await open(projectId);
      const saved = await documentOf(deps, projectId, { number: from });
      const { rules: before } = await fittingRules(deps, config, saved);
      const after = await rulesOf(deps, project, config, to);
      const [old, now] = await scanProject(deps, project, config, [
        programOf(before, config),
        programOf(after, config),
      ]);
      const difference = await deps.compute.rules.compare({
        before: old!.parts,
        after: now!.parts,
        taskCount: now!.taskIds.length,
        several: config.control?.multiple ?? false,
      });
      const shown = async (numbers: readonly number[]): Promise<RuleTask[]> => {
        const ids = numbers.slice(0, DIFF_SHOWN).map((number) => now!.taskIds[number]!);
        const tasks = await Promise.all(ids.map((id) => store.tasks.get(id)));
        return [
          ...(
            await ruleTasks(
              deps,
              config,
              after,
              tasks.filter((task) => task !== undefined),
            )
          ).values(),
        ];
      };
      const { gained, lost, flipped } = difference;
      const gaps = now!.gaps.waiting.length > 0 ? now!.gaps : old!.gaps;
      const names = new Set(after.map((rule) => rule.id));
      return {
        tasks: now!.taskIds.length,
        gained: gained.length,
        lost: lost.length,
        flipped: flipped.length,
        examples: { gained: await shown(gained), lost: await shown(lost), flipped: await shown(flipped) },
        changed: ruleChanges(before, after).apply.map((index) => after[index]!.id),
        removed: before.filter((rule) => !names.has(rule.id)).map((rule) => rule.id),
        media: await missingFacts(deps, { projectId, config, rules: [...before, ...after], all: true }, gaps),
      };
    },

    async suggest(projectId, label, { limit, taskId } = {}) {
      const { config } = await open(projectId);
      requireLabel(config, label);
      const within = taskId === undefined ? undefined : await shownText(deps, config, projectId, taskId);
      return suggestWords(deps, config, projectId, label, {
        ...(limit === undefined ? {} : { limit }),
        ...(within === undefined ? {} : { within }),
      });
    },

    async labelModels(projectId) {
      const { config } = await open(projectId);
      const controls = [config.control?.name, config.spans?.control.name].filter((name) => name !== undefined);
      const stored = await Promise.all(controls.map((control) => store.labelModels.get(projectId, control)));
      return stored.filter((one) => one !== undefined).map(labelModelView);
    },

    async apply(projectId, number) {
      const { project, config } = await open(projectId);
      const document = await documentOf(deps, projectId, number === undefined ? 'newest' : { number });
      // The labels may have changed since it was saved: better to hear of it now than from a job.
      await rulesOf(deps, project, config, document);
      return enqueueRules(deps, projectId, document.number);
    },
  };
}

function labelModelView(stored: StoredLabelModel): LabelModelView {
  const { control, version, createdAt } = stored;
  const { model, names, tasks, annotated } = bodyOf(stored);
  const voters = names.map((labeler, i) => ({ labeler, accuracy: model.accuracy[i] ?? null }));
  return { control, version, name: model.name, reason: model.reason, tasks, annotated, voters, createdAt };
}

/** Where the text stands that people label so: the one of the spans for a label of spans, else the one that they see. */
function fieldFor({ control, parsed, spans, classes }: ProjectConfig, labels: readonly string[]): string {
  if (spans !== null && !labels.every((label) => classes.includes(label))) return `data.${spans.field}`;
  const shown = parsed.objects.find(
    (one) => one.kind === 'text' && one.field !== null && (control === null || control.toName.includes(one.name)),
  );
  return `data.${shown?.field ?? 'text'}`;
}

function requireLabel(config: ProjectConfig, label: string): void {
  if (config.ruleLabels.includes(label)) return;
  const known = config.ruleLabels.join(', ');
  const reason = known === '' ? NO_RULE_LABELS : `There is no label '${label}'; the label config has ${known}.`;
  throw new AppError('INPUT_BAD_FIELD', reason, { details: { field: 'label' } });
}

function importRules(config: ProjectConfig, { kind, text, field, document }: RuleImport) {
  const options = { labels: config.ruleLabels };
  const { rules, skipped } =
    kind === 'csv' ? { rules: rulesFromCsv(text, options), skipped: [] } : rulesFromSpacy(text, options);
  const edited = appendRules(
    document,
    rules.map((rule) => {
      const when =
        'field' in rule.when ? { ...rule.when, field: normalPath(field ?? fieldFor(config, rule.labels)) } : rule.when;
      return { ...rule, when, spans: spansFor(config, rule.labels) };
    }),
  );
  return { document: edited.document, rules: rules.length, skipped };
}

/** Labels of a task-wide choice need no places; labels of spans are nothing without them. */
function spansFor({ classes }: ProjectConfig, labels: readonly string[]): SpanOutput | null {
  return labels.every((label) => classes.includes(label)) ? null : { group: 0 };
}

async function promote(deps: Deps, config: ProjectConfig, projectId: number, request: RulePromotion) {
  const { label, field = fieldFor(config, [label]) } = request;
  requireLabel(config, label);
  const words = (request.text ?? (await textAt(deps, projectId, field, request.place))).trim().replace(/\s+/g, ' ');
  if (words === '') throw new AppError('INPUT_EMPTY', 'There is no text to make a rule of.');
  const match = words.includes(' ') ? 'phrase' : 'word';
  const { document, ids } = appendRules(request.document, [
    {
      id: idFrom(words),
      labels: [label],
      when: { kind: 'keywords', words: [words], match, fold: 'case', field },
      spans: spansFor(config, [label]),
    },
  ]);
  return { document, rule: ids[0]! };
}

async function textAt(
  { store }: Deps,
  projectId: number,
  field: string,
  place: RulePromotion['place'],
): Promise<string> {
  if (place === undefined) return '';
  const task = await found('task', place.taskId, store.tasks.get(place.taskId));
  if (task.projectId !== projectId) throw notFound('task', place.taskId);
  const value = valueAt({ data: task.data, meta: task.meta }, field);
  return typeof value === 'string' ? value.slice(place.start, place.end) : '';
}

async function shownText({ store }: Deps, config: ProjectConfig, projectId: number, taskId: number): Promise<string> {
  const task = await found('task', taskId, store.tasks.get(taskId));
  if (task.projectId !== projectId) throw notFound('task', taskId);
  return config.textOf(task.data) ?? '';
}
