/** Trainable heads on frozen embeddings: pure functions over plain data. */
export { decodeHead, encodeHead } from './codec.ts';
export { CROSS_VALIDATION_MIN, type FitReport, fitHead, type OutOfFold, type TrainingSet } from './fit.ts';
export { type Head, predict, predictLogits } from './head.ts';
export type { Link } from './link.ts';
export { type HeadMetrics, headMetrics } from './metrics.ts';
export type { TemperatureFit } from './temperature.ts';
export { underClasses } from './under-classes.ts';
export { type Judged, type Measured, type WholeFigures, wholeFigures } from './whole-figures.ts';
