/** What a model wants, held against what a host can hold: the sizes come out of strangers' files. */
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { ModelEntry } from '../manifest.ts';

/** Throws LIMIT_SIZE naming what is too large, before a host or the server makes room for it. */
export function assertBounds({ outputs, processing }: ModelEntry): void {
  for (const [name, spec] of Object.entries(outputs)) {
    if ('dim' in spec) atMost(spec.dim, LIMITS.modelRowMax, `Output '${name}' has rows of % numbers`);
  }
  const { width, height, samples } = processing;
  if (typeof width === 'number' && typeof height === 'number') {
    atMost(width * height, LIMITS.modelFramePixelsMax, `The model looks at ${width} x ${height} = % pixels`);
  }
  if (typeof samples === 'number') atMost(samples, LIMITS.modelWindowSamplesMax, 'The model hears % samples at once');
}

function atMost(found: number, most: number, words: string): void {
  if (found <= most) return;
  throw new AppError('LIMIT_SIZE', `${words.replace('%', String(found))}; ${most} is the most.`, {
    details: { found, most },
  });
}
