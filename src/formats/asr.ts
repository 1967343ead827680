/** ASR manifest (NeMo): one recording per line with its transcript. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { type LabelConfig, namesIn, valueAt } from '../labelconfig/index.ts';
import type { ExportRows, Format, ImportedTask, WriteOptions } from './format.ts';
import { readJsonLines } from './json.ts';
import { labelerKey } from './labelstudio.ts';
import { RowFault } from './rows.ts';
import { answersOf, importedAnnotation, type Target, targetFor } from './targets.ts';

export const asrManifest: Format = {
  name: 'asr-manifest',
  title: 'ASR manifest: recordings with transcripts, one per line',
  holds: 'transcripts of whole recordings',
  extensions: ['jsonl', 'json'],
  mediaTypes: ['application/jsonl'],
  read: (bytes, options = {}) => readJsonLines(bytes, options, (value) => toTask(value, options.config)),
  write: writeManifest,
};

function transcriptTarget(config: LabelConfig | undefined): Target {
  return targetFor(config, 'audio', ['textarea']);
}

function toTask(value: Json, config: LabelConfig | undefined): ImportedTask {
  if (!isJsonObject(value)) throw new RowFault('is not an object');
  const { audio_filepath: path, duration, text } = value;
  if (typeof path !== 'string') throw new RowFault('has no "audio_filepath"');
  const target = transcriptTarget(config);
  const region: Region = {
    from_name: target.fromName,
    to_name: target.toName,
    type: 'textarea',
    value: { text: [String(text)] },
  };
  return {
    id: null,
    data: { [target.field]: path },
    meta: typeof duration === 'number' ? { duration } : {},
    annotations: typeof text === 'string' ? [importedAnnotation([region])] : [],
    predictions: [],
  };
}

async function* writeManifest(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<string> {
  const { field } = transcriptTarget(options.config);
  for await (const row of rows()) {
    const path = valueAt(row.task.data, field);
    for (const answer of answersOf(row)) {
      const texts = answer.result.filter((region) => region.type === 'textarea');
      const text = texts.flatMap((region) => namesIn(region, 'text')).join(' ');
      const length = answer.result.find((region) => typeof region.original_length === 'number')?.original_length;
      const duration = length ?? row.task.meta.duration ?? null;
      if (typeof path !== 'string' || texts.length === 0) {
        options.onLoss?.(row.task.id, 'The task has no recording or no transcript and is left out.');
        continue;
      }
      yield `${JSON.stringify({ audio_filepath: path, duration, text, annotator: labelerKey(answer.labeler) })}\n`;
    }
  }
}
