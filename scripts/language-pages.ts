/** The reference pages on formats and label configs, made from their registries. */
import { LIMITS } from '../src/core/limits.ts';
import { FORMATS } from '../src/formats/index.ts';
import { TAGS, type TagRow, TEMPLATES } from '../src/labelconfig/index.ts';
import { CONDITION_READS, CONTROL_READS, OBJECT_READS } from '../src/labelconfig/tags.ts';

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const thousands = (count: number): string => count.toLocaleString('en');

export function formatsPage(): string {
  const rows = FORMATS.map((format) => [
    `\`${format.name}\``,
    format.title,
    format.holds,
    format.read ? 'file' : format.readFolder ? 'folder' : '-',
    format.write ? 'file' : format.writeFolder ? 'folder' : '-',
  ]);
  return `# Formats

This page is made by \`npm run docs\` from the registry in \`src/formats/index.ts\`; a test keeps both equal.

Every reader takes a stream of bytes and gives one row at a time; memory is bounded by the largest row (COCO is the
exception: its annotations may come before the images they are about, so the file is read whole, up to the limit of a
request body). Every writer gives its file in pieces. Texts are UTF-8; a byte order mark and CRLF are accepted, other
encodings are refused with the place of the first wrong byte. Label Studio's names for formats (\`JSON_MIN\`) work too.

${table(['name', 'what', 'holds', 'import', 'export'], rows)}

## What is imported

- Label Studio tasks (\`data\`, \`meta\`, \`annotations\`, \`predictions\`; \`completions\` and \`skipped\` of old exports), bare
  objects, lists of them, a single object, or objects that follow one another.
- Values of \`data\` are kept as given: CSV cells stay texts. \`__proto__\` is dropped.
- CSV may be separated by comma, semicolon, tab or bar; the header decides. Columns without a name become \`column_N\`.
- A row that does not fit ends the import with \`INPUT_BAD_ROW\` or \`INPUT_BAD_JSON\` naming row, line and reason; with
  \`--skip-invalid\` it is listed and reading goes on.
- Formats of many files come as one zip, with or without a folder around them. It is read in memory and never unpacked
  onto a disk: at most ${thousands(LIMITS.archiveEntriesMax)} files, ${thousands(LIMITS.archiveBytesMax)} bytes unpacked, ${LIMITS.archiveRatioMax} times the size of the zip, all counted on
  what really comes out. Names that lead outside or are there twice are refused. A single VOC file needs no zip, and a
  zip may hold the one file of another format (COCO with its pictures).
- The format is found by ending and contents, or said by name; COCO, JSON lines of other tools and ASR manifests have to
  be said, because their endings do not tell.
- A file is imported whole or not at all. Regions are held against the label config; what does not fit is named by row.
- Spans of spaCy, doccano and Prodigy count code points and are converted to the UTF-16 offsets of Label Studio.

## What is exported

- Label Studio JSON and JSONL hold everything and add, to each annotation and prediction, \`labeler\`
  (\`annotator:ada\`, \`model:head@3fa9\`, \`rule:ID@VERSION\`) and \`run\`, the id of the bulk act behind it.
- JSON_MIN, CSV and TSV give one record per answer: data fields, then the answer of each control (one value stands for
  itself, several are a list), then \`id\`, \`annotator\`, \`annotation_id\`, \`prediction_id\`, \`created_at\`, \`updated_at\`,
  \`lead_time\`, \`score\`, \`labeler\`, \`run\`. A name that the data already uses gets a number. Skipped annotations are left out.
- Answers of people, suggestions, both, or as \`consensus\` one answer per task: its newest ground truth, else the answer that
  the others agree with most (an equal label in another place counts by its overlap), the first of equals, with its
  \`agreement\` from 0 to 1 in JSON and JSONL. No mixture is made: it is always what somebody answered.
- All of them of one labeler, one model version, above a score, in a span of time, of
  finished tasks only: \`headstart export\` and \`GET /api/projects/N/export\` take the same filters ([cli.md](cli.md)).
- With \`--media\` (\`with_media=true\`) the file comes in a zip with the pictures, sounds and films that its tasks
  show; the tasks point to them. What may not or cannot be read keeps its address, counts as a
  loss and stands in \`missing-files.log\` inside the zip.
- CSV cells that a spreadsheet would run as a formula get a quote in front with \`--escape-formulas\`.
- What a format cannot hold (overlapping spans in CoNLL, turned boxes in VOC...) is said task by task: on standard error by
  the command line, as a list by \`GET /api/projects/N/export/losses\`.
- Formats of many files are one zip of at most ${thousands(LIMITS.exportEntriesMax)} files; equal files give equal bytes.
- File names made from tasks are cleaned: no path, no hidden or reserved names, no two the same.
`;
}

export function labelConfigPage(): string {
  const reads = (row: TagRow): string => (row.reads === undefined ? '-' : code(row.reads));
  const controls = TAGS.flatMap((row) =>
    row.role === 'control'
      ? [
          [
            `\`${row.tag}\``,
            row.kind,
            `\`${row.type}\``,
            row.labels === undefined ? '-' : `\`${row.labels}\``,
            reads(row),
          ],
        ]
      : [],
  );
  const objects = TAGS.flatMap((row) => (row.role === 'object' ? [[`\`${row.tag}\``, row.kind, reads(row)]] : []));
  const others = TAGS.flatMap((row) =>
    row.role === 'visual' || row.role === 'child' ? [[`\`${row.tag}\``, row.role, reads(row)]] : [],
  );
  const templates = TEMPLATES.map(({ name, title, group }) => [`\`${name}\``, group, title]);
  return `# Label config

This page is made by \`npm run docs\` from the tables in \`src/labelconfig\`; a test keeps both equal.

A project's label config is Label Studio's XML. Tags and attributes are found whatever their case; those not listed here
are kept through parse, edit and render. There is no DTD and no entity but the five of XML; size, depth and number of
tags are limited. Every error has line and column.

## Controls

Every control reads ${code(CONTROL_READS)}; controls and the Views around them read ${code(CONDITION_READS)}. \`toName\`
may name several objects, separated by commas; it may be left out when there is only one.

${table(['tag', 'kind', 'type of its regions', 'labels', 'reads also'], controls)}

## Objects

Every object reads ${code(OBJECT_READS)}. \`value="$field"\` shows a data field; \`$a.b[0].c\` is a path.

${table(['tag', 'kind', 'reads also'], objects)}

## Other tags

${table(['tag', 'role', 'reads'], others)}

## Results

\`checkResult\` holds a result against config and task. It mends what is clearly meant and says so: a label in another
case, the shown value for its alias, a class of \`predicted_values\`, a missing \`from_name\`, \`to_name\` or \`type\` that only
one control can have, the labels of another tool, one text instead of a list, offsets in code points, a stale \`text\`, a
box over the edge of the image, a rotation beyond the circle, a score outside of 0..1. Every other region that does not
fit is left out, alone, with the reason.

\`diffResults\` compares a suggestion with the answer, region by region: accepted, moved (same labels, other place),
relabeled, changed (answers without a place), added, removed; with the overlap (IoU) of the two places.

## Templates

\`headstart templates\` and \`GET /api/templates\` list them, \`headstart init TITLE --template NAME\` starts a project.

${table(['name', 'group', 'what'], templates)}
`;
}
