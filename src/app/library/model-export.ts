/** A project's trained model as a folder to take home: the head, its embedder or the name of it, and how to ask it. */
import type { ModelEntry } from '../../backends/manifest.ts';
import type { ModelVersion, Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { type ZipEntry, zipFiles } from '../../formats/index.ts';
import { decodeHead } from '../../heads/index.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { ExportFile } from '../transfer/api.ts';

/** What `headstart models predict` reads; not named like a file of any runtime, so that the folder moves in as a model. */
export const HOME_FILE = 'home.json';
export const EXPORT_FORMAT = 'headstart-model/1';
/** Where the files of an embedder lie that somebody added and that is no graph for a head to stand behind. */
export const EMBEDDER_FOLDER = 'embedder';

export async function exportModel(deps: Deps, configs: ProjectConfigs, projectId: number): Promise<ExportFile> {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const { control } = configs.of(project);
  const version = control && (await deps.store.models.active(projectId, control.name));
  if (!version) {
    throw new AppError('CONFLICT', `Project ${projectId} has no trained model yet; label a few tasks first.`);
  }
  const files = await filesOf(deps, project, version);
  return {
    name: `model-${projectId}-v${version.number}.zip`,
    mediaType: 'application/zip',
    body: zipFiles(files),
  };
}

async function filesOf({ library }: Deps, project: Project, version: ModelVersion): Promise<ZipEntry[]> {
  const head = decodeHead(version.head);
  const embedder = library.get(version.embedder);
  const { builtin, entry } = embedder;
  const graph = await library.graphWithHead(embedder.info.id, head);
  const { name, version: embedderVersion, license, input } = embedder.info;
  const description: JsonObject = {
    format: EXPORT_FORMAT,
    project: project.title,
    control: version.control,
    version: version.version,
    trained_on: version.trainedOn,
    metrics: version.metrics,
    classes: [...head.classes],
    multiple: head.link === 'sigmoid',
    input,
    embedder: { name, version: embedderVersion, license, origin: embedder.origin, shipped: builtin },
    graph: graph === null ? null : GRAPH_FILE,
    // Of one that runs elsewhere the files say how to get in there.
    entry: builtin || graph !== null || entry.runtime === REMOTE ? null : portable(entry),
  };
  const files: ZipEntry[] = [
    { path: HOME_FILE, content: json(description) },
    { path: 'package.json', content: json({ private: true, scripts: { predict: 'headstart models predict .' } }) },
    { path: 'README.md', content: readme(project, version, standsOn(description, version.embedder)) },
    { path: 'head.bin', content: version.head },
  ];
  if (description.entry !== null) {
    const own = await library.files(embedder.info.id);
    files.push(...[...own].map(([path, content]) => ({ path: `${EMBEDDER_FOLDER}/${path}`, content })));
  }
  if (graph === null) return files;
  const {
    file: _file,
    input: _input,
    dense: _dense,
    reading: _reading,
    output: _output,
    ...processing
  } = entry.processing;
  files.push(
    { path: GRAPH_FILE, content: graph },
    { path: 'labels.txt', content: `${head.classes.join('\n')}\n` },
    { path: 'headstart.json', content: json({ license, processing }) },
  );
  const tokenizer = entry.processing.tokenizer;
  if (typeof tokenizer === 'string') {
    files.push({ path: 'tokenizer.json', content: (await library.files(embedder.info.id)).get(tokenizer)! });
  }
  return files;
}

const GRAPH_FILE = 'model.onnx';
const REMOTE = 'remote';

/** All but the place on this machine. */
function portable({ source: _source, golden: _golden, ...entry }: ModelEntry): JsonObject {
  return entry as unknown as JsonObject;
}

function standsOn({ graph, entry, embedder }: JsonObject, id: string): string {
  if (graph !== null) {
    return '`model.onnx` is embedder and head in one graph: its output `probabilities` has the classes of `labels.txt` in order. `headstart models add .` brings it into another Headstart.';
  }
  const head = `\`head.bin\` stands on the embeddings of ${id}`;
  if (entry !== null) return `${head}, whose files are in \`${EMBEDDER_FOLDER}/\`.`;
  if ((embedder as JsonObject).shipped) return `${head}, which ships with Headstart.`;
  return `${head}, which runs on another server: without it the head has nothing to stand on, and \`predict\` refuses.`;
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readme({ title }: Project, { number, trainedOn, control }: ModelVersion, foundation: string): string {
  return `# ${title.replace(/\s+/g, ' ')}: "${control}"

Version ${number}, trained on ${trainedOn} answers.

    headstart models predict . "a text"         # or files of pictures and sounds; one line of JSON each

${foundation}
`;
}
