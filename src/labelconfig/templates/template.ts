/** A ready project: a config to start from, with a task to try it on. */
import type { JsonObject } from '../../core/json.ts';

export interface Template {
  /** What flags and URLs call it. */
  readonly name: string;
  readonly title: string;
  readonly group: 'text' | 'image' | 'audio' | 'video' | 'dialogue' | 'comparison' | 'time series';
  /** Label Studio XML. */
  readonly config: string;
  /** A task that has everything the config shows. */
  readonly sample: JsonObject;
}
