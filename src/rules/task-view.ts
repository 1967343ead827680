/** What a rule can see of a task. */
import type { JsonObject } from '../core/json.ts';

export interface TaskView {
  readonly data: JsonObject;
  readonly meta?: JsonObject;
  /**
   * Facts of its media: width, height, exif, mean_color, brightness, duration, sample_rate. One that is null or missing is
   * not known, and rules that ask for it keep silent.
   */
  readonly facts?: JsonObject;
  /** Model name -> label -> score. */
  readonly scores?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Labeled stretches of its texts, for rules that look within a region. */
  readonly regions?: readonly TaskRegion[];
}

export interface TaskRegion {
  readonly label: string;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** `data.text`...; any field when absent. */
  readonly field?: string;
}
