/** From a rule document to something that can be matched: checked against the project, bound to its labels. */
import type { RuleProgram } from '../../compute/rules-compute.ts';
import type { Project, RuleDocument } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { stableHash } from '../../core/json.ts';
import { conditionsIn, factOf, factsIn, matchFields, type Rule, type RuleProblem, ruleSet } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { RuleCheck, RuleDraft, RuleSource } from './api.ts';
import { factSourceOf } from './media-facts.ts';
import { spanTargetsOf } from './span-target.ts';

const PROBLEM_MAX = 100;
export const NO_RULE_LABELS =
  'The label config has neither a task-wide choice nor labels for spans of a text that rules could give.';

/** Everything that is wrong with a draft in this project. */
export async function checkDraft({ compute }: Deps, config: ProjectConfig, draft: RuleDraft): Promise<RuleCheck> {
  if (config.ruleLabels.length === 0) {
    throw new AppError('RULE_BAD_DOCUMENT', NO_RULE_LABELS, { details: { line: 1, column: 1 } });
  }
  const lists = new Map(Object.entries(draft.lists ?? {}));
  const { set, problems, patterns } = await compute.rules.check(draft.text, { labels: config.ruleLabels, lists });
  const own = set.rules.flatMap((rule): RuleProblem[] => {
    const message = misfitOf(rule, config);
    if (message === null) return [];
    return [{ severity: 'error', code: 'RULE_BAD_DOCUMENT', message, line: rule.line, column: 1, rule: rule.id }];
  });
  return { set, problems: [...problems, ...own], patterns };
}

/** Why a rule that is sound in itself cannot vote in this project. A rule that never fires would be worse than an error. */
function misfitOf(rule: Rule, config: ProjectConfig): string | null {
  const blind = misfitOfFacts(rule, config) ?? misfitOfRegions(rule, config);
  if (blind !== null) return blind;
  return rule.spans === null ? misfitOfChoice(rule, config) : misfitOfSpans(rule, config);
}

function misfitOfChoice(rule: Rule, { control, classes, spans }: ProjectConfig): string | null {
  const odd = rule.labels.find((label) => !classes.includes(label));
  if (odd !== undefined) {
    const hint = spans?.labels.includes(odd) ? '; add `spans: true` to mark the places that it finds' : '';
    return `'${odd}' is no label of a task-wide choice${hint}.`;
  }
  if (rule.control === '' || rule.control === control?.name || rule.labels.length === 0) return null;
  return `Rules vote for the control '${control?.name}' of this project, not for '${rule.control}'.`;
}

function misfitOfSpans(rule: Rule, { spans }: ProjectConfig): string | null {
  if (spans === null)
    return 'The label config has no labels for spans of a text; take `spans` away to label the whole task.';
  const odd = rule.labels.find((label) => !spans.labels.includes(label));
  if (odd !== undefined) return `'${odd}' is no label for spans; the label config has ${spans.labels.join(', ')}.`;
  if (rule.control !== '' && rule.control !== spans.control.name) {
    return `Rules mark spans for the control '${spans.control.name}' of this project, not for '${rule.control}'.`;
  }
  const field = [...matchFields(rule.when)].find((one) => one !== `data.${spans.field}`);
  return field === undefined ? null : `The rule marks places in '${field}', but people label 'data.${spans.field}'.`;
}

function misfitOfFacts(rule: Rule, config: ProjectConfig): string | null {
  const paths = factsIn(rule.when);
  if (paths.length === 0) return null;
  const source = factSourceOf(config);
  if (source === null) {
    return `The rule asks for '${paths[0]}', a fact of a picture or sound, but the label config shows neither.`;
  }
  const odd = paths.find((path) => factOf(path) !== source.kind);
  return odd === undefined
    ? null
    : `The rule asks for '${odd}', but what tasks show in '${source.field}' is ${source.kind}.`;
}

function misfitOfRegions(rule: Rule, { parsed }: ProjectConfig): string | null {
  const targets = spanTargetsOf(parsed);
  for (const condition of conditionsIn(rule.when)) {
    if (condition.kind !== 'within') continue;
    const { region, of } = condition;
    const having = targets.filter(({ labels }) => labels.includes(region));
    if (having.length === 0) {
      const known = [...new Set(targets.flatMap(({ labels }) => labels))].join(', ');
      return known === ''
        ? `The rule looks within '${region}', but the label config has no labels for regions of a text.`
        : `There is no label '${region}' for regions of a text; the label config has ${known}.`;
    }
    const fields = having.map(({ field }) => `data.${field}`);
    const odd = [...matchFields(of)].find((field) => !fields.includes(field));
    if (odd !== undefined) return `Regions with '${region}' lie in '${fields[0]}', not in '${odd}'.`;
  }
  return null;
}

/** Throws the first error of a check, with all of them in the details. */
export function requireSound(check: RuleCheck): RuleCheck {
  const errors = check.problems.filter((one) => one.severity === 'error');
  const [first] = errors;
  if (!first) return check;
  const where = `line ${first.line}, column ${first.column}${first.rule ? `, rule '${first.rule}'` : ''}`;
  throw new AppError(first.code, `${first.message} (${where})`, {
    details: { line: first.line, column: first.column, rule: first.rule, problems: errors.slice(0, PROBLEM_MAX) },
  });
}

/** The rules of a draft or of a saved document, without errors. */
export async function rulesOf(
  deps: Deps,
  project: Project,
  config: ProjectConfig,
  source: RuleSource,
): Promise<readonly Rule[]> {
  const draft = source !== 'newest' && 'text' in source ? source : await documentOf(deps, project.id, source);
  return requireSound(await checkDraft(deps, config, draft)).set.rules;
}

/**
 * The rules of a saved document that can still vote, and what is wrong with the others: labels are renamed and removed in
 * mid-project, and one rule that names such a label silences no other.
 */
export async function fittingRules(
  deps: Deps,
  config: ProjectConfig,
  document: RuleDraft,
): Promise<{ readonly rules: readonly Rule[]; readonly misfits: readonly RuleProblem[] }> {
  const { set, problems } = await checkDraft(deps, config, document);
  const misfits = problems.filter((one) => one.severity === 'error');
  const odd = new Set(misfits.map((one) => one.rule));
  return { rules: set.rules.filter((rule) => !odd.has(rule.id)), misfits };
}

export async function documentOf(
  { store }: Deps,
  projectId: number,
  source: { readonly number: number } | 'newest',
): Promise<RuleDocument> {
  const row =
    source === 'newest' ? await store.rules.newest(projectId) : await store.rules.get(projectId, source.number);
  if (row) return row;
  const what = source === 'newest' ? 'rule document yet' : `rule document ${source.number}`;
  throw new AppError('NOT_FOUND', `There is no ${what} in this project.`, { details: { what: 'rule document' } });
}

export function programOf(rules: readonly Rule[], config: ProjectConfig): RuleProgram {
  const key = `${ruleSet(rules).version}-${stableHash(config.ruleLabels).slice(0, 12)}`;
  return { key, rules, labels: config.ruleLabels };
}

/** Do rules strike out votes of other rules? Then no rule can be applied again alone. */
export function interact(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.enabled && (rule.priority !== 0 || rule.veto.length > 0));
}
