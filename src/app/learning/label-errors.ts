/** Annotations that are most likely wrong, by probabilities of the serving version that never saw them. */
import type { Annotation, ModelVersion } from '../../core/domain.ts';
import { decodeHead, type Link } from '../../heads/index.ts';
import { type GivenLabel, labelErrors } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { classesOf } from '../queue/answers.ts';
import type { DoubtfulAnnotation, DoubtfulAnnotations } from './insights-api.ts';

const READ_CHUNK = 5_000;
/** The newest ones; judging them takes a tenth of a second, and nobody looks through more. */
const JUDGED_MAX = 50_000;

interface Judged {
  readonly annotation: Annotation;
  readonly ordinal: number;
  /** Indices into the classes of the head. */
  readonly classes: readonly number[];
  /** The same of a blind answer before it was settled; null where the head has no class for that. */
  readonly unaided: readonly number[] | null;
}

/** Answers of people, each with the row of what the serving version says of its task without having learned from it. */
export interface HeldOutAnswers {
  readonly version: ModelVersion;
  readonly link: Link;
  readonly classes: readonly string[];
  readonly answers: readonly {
    readonly annotation: Annotation;
    readonly classes: readonly number[];
    readonly unaided: readonly number[] | null;
    readonly row: number;
  }[];
  /** (rows x classes) */
  readonly probabilities: Float32Array;
}

/** Undefined without a serving version. Answers the version was trained on without a held-out record are left out. */
export async function heldOutAnswers(
  deps: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
  projectId: number,
): Promise<HeldOutAnswers | undefined> {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const config = configs.of(project);
  const version = await deps.store.models.active(projectId, config.control?.name ?? '');
  if (version === undefined || config.control === null) return undefined;
  const { classes, link } = decodeHead(version.head);
  const answers = await answersOf(deps, projectId);
  const judged = await judgedOf(deps, config, classes, answers, projectId);
  const { has, rows } = await heldOut(deps, matrices, version, judged);
  const rowOf = new Map(rows.ordinals.map((ordinal, row) => [ordinal, row]));
  const kept = judged.filter((one) => has(one.ordinal));
  return {
    version,
    link,
    classes,
    answers: kept.map((one) => ({ ...one, row: rowOf.get(one.ordinal)! })),
    probabilities: rows.probabilities,
  };
}

/** Nothing is judged without a serving version. */
export async function doubtfulAnnotations(
  deps: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
  projectId: number,
  limit: number,
): Promise<DoubtfulAnnotations> {
  const held = await heldOutAnswers(deps, matrices, configs, projectId);
  if (held === undefined) return { judged: 0, estimated: 0, results: [] };
  const { answers: kept, classes, link, probabilities } = held;
  const given = kept.map((one): GivenLabel => ({ item: one.row, classes: one.classes }));
  const { ranked, estimated } = labelErrors(link, probabilities, classes.length, given);
  // Whoever has verified an answer has looked twice.
  const open = ranked.filter((error) => !kept[error.index]!.annotation.groundTruth);
  return {
    judged: kept.length,
    estimated,
    results: open.slice(0, limit).map((error): DoubtfulAnnotation => {
      const { annotation, classes: chosen } = kept[error.index]!;
      return {
        annotationId: annotation.id,
        taskId: annotation.taskId,
        annotatorId: annotation.annotatorId,
        given: chosen.map((c) => classes[c]!),
        suggested: corrected(chosen, error).map((c) => classes[c]!),
        confidence: error.confidence,
        margin: error.margin,
        confident: error.confident,
      };
    }),
  };
}

/** What the annotation would be: the other class, or for several labels the doubtful one taken out or put in. */
function corrected(chosen: readonly number[], { given, suggested }: { given: number; suggested: number }): number[] {
  if (given !== suggested) return [suggested];
  return chosen.includes(given) ? chosen.filter((c) => c !== given) : [...chosen, given].sort((a, b) => a - b);
}

async function answersOf({ store }: Deps, projectId: number): Promise<Annotation[]> {
  let answers: Annotation[] = [];
  for (let after = 0; ; ) {
    const page = await store.annotations.list(projectId, { after, limit: READ_CHUNK });
    if (page.length === 0) return answers;
    answers = [...answers, ...page.filter((one) => !one.skipped)].slice(-JUDGED_MAX);
    after = page.at(-1)!.id;
  }
}

/** Answers that the classes of the head can express, with the row of their task. */
async function judgedOf(
  { store }: Deps,
  config: ProjectConfig,
  classes: readonly string[],
  answers: readonly Annotation[],
  projectId: number,
): Promise<Judged[]> {
  const ordinalOf = new Map<number, number>();
  const wanted = new Set(answers.map((one) => one.taskId));
  for (let from = 0; ; ) {
    const chunk = await store.tasks.ordinals(projectId, from, READ_CHUNK);
    if (chunk.ordinals.length === 0) break;
    chunk.ids.forEach((id, i) => {
      if (wanted.has(id)) ordinalOf.set(id, chunk.ordinals[i]!);
    });
    from = chunk.ordinals.at(-1)! + 1;
  }
  /** Null where the head has no such class. */
  const chosenIn = (result: Annotation['result']): number[] | null => {
    const chosen = classesOf(config, { result }).map((c) => classes.indexOf(config.classes[c]!));
    const fits = config.control?.multiple ? chosen.every((c) => c >= 0) : chosen.length === 1 && chosen[0]! >= 0;
    return fits ? chosen : null;
  };
  return answers.flatMap((annotation) => {
    const ordinal = ordinalOf.get(annotation.taskId);
    const chosen = chosenIn(annotation.result);
    if (ordinal === undefined || chosen === null) return [];
    const unaided = annotation.blindResult === null ? chosen : chosenIn(annotation.blindResult);
    return [{ annotation, ordinal, classes: chosen, unaided }];
  });
}

/** Probabilities of the tasks: out-of-fold ones where the version was trained on them, its head's where it was not. */
async function heldOut(deps: Deps, matrices: Matrices, version: ModelVersion, judged: readonly Judged[]) {
  const head = decodeHead(version.head);
  const classCount = head.classes.length;
  const { classes } = head;
  const output = { projectId: version.projectId, version: version.version, classes };
  return matrices.withOutOfFold(output, async (record) => {
    const embeddings = await matrices.embeddings(version.projectId, version.embedder);
    const trained = new Set(head.trainedOn);
    const ordinals = [...new Set(judged.map((one) => one.ordinal))].sort((a, b) => a - b);
    const recorded = ordinals.filter((ordinal) => record.has(ordinal));
    const fresh = ordinals.filter(
      (ordinal) => !trained.has(ordinal) && !record.has(ordinal) && embeddings.has(ordinal),
    );
    const probabilities = new Float32Array((recorded.length + fresh.length) * classCount);
    probabilities.set(await readRows(record, Uint32Array.from(recorded)));
    if (fresh.length > 0) {
      const rows = await readRows(embeddings, Uint32Array.from(fresh));
      probabilities.set(await deps.compute.predict(version.head, rows, classes), recorded.length * classCount);
    }
    const all = [...recorded, ...fresh];
    const there = new Set(all);
    return { has: (ordinal: number): boolean => there.has(ordinal), rows: { ordinals: all, probabilities } };
  });
}
