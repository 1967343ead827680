/** Is a region's `value` possible? One check per region type; what is clearly meant is mended. */
import type { JsonObject } from '../core/json.ts';
import { checkDateTime, checkNumber, checkPairwise, checkRanker, checkRating, checkTextArea } from './check-answers.ts';
import {
  checkBitmask,
  checkBrush,
  checkEllipse,
  checkKeyPoint,
  checkPolygon,
  checkRectangle,
  checkVector,
} from './check-shapes.ts';
import {
  checkHyperText,
  checkParagraph,
  checkSeconds,
  checkTextSpan,
  checkTimeline,
  checkTimeSeries,
  checkVideo,
} from './check-spans.ts';
import { Refusal } from './refusal.ts';
import type { ValueCheck, ValueContext } from './value-context.ts';

/** The value, mended if need be. Throws Refusal. Types that are not in the table are taken as they are. */
export function checkValue(value: JsonObject, context: ValueContext): JsonObject {
  return (CHECKS[context.control.type] ?? keep)(value, context);
}

const keep: ValueCheck = (value) => value;

const CHECKS: Readonly<Record<string, ValueCheck>> = {
  labels: checkLabelsValue,
  rectangle: checkRectangle,
  rectanglelabels: checkRectangle,
  ocrlabels: checkRectangle,
  ellipse: checkEllipse,
  ellipselabels: checkEllipse,
  polygon: checkPolygon,
  polygonlabels: checkPolygon,
  keypoint: checkKeyPoint,
  keypointlabels: checkKeyPoint,
  brush: checkBrush,
  brushlabels: checkBrush,
  magicwand: checkBrush,
  bitmask: checkBitmask,
  bitmasklabels: checkBitmask,
  vector: checkVector,
  vectorlabels: checkVector,
  hypertextlabels: checkHyperText,
  paragraphlabels: checkParagraph,
  timeserieslabels: checkTimeSeries,
  timelinelabels: checkTimeline,
  videorectangle: checkVideo,
  pairwise: checkPairwise,
  rating: checkRating,
  number: checkNumber,
  datetime: checkDateTime,
  textarea: checkTextArea,
  ranker: checkRanker,
};

/** `Labels` go with texts, sounds and the shapes of separate tools; the fields tell which. */
function checkLabelsValue(value: JsonObject, context: ValueContext): JsonObject {
  if ('sequence' in value) return checkVideo(value);
  if ('ranges' in value) return checkTimeline(value);
  if ('start' in value || 'end' in value) {
    return context.object?.kind === 'text' || context.object?.kind === 'html'
      ? checkTextSpan(value, context)
      : checkSeconds(value);
  }
  if ('points' in value) return checkPolygon(value);
  if ('vertices' in value) return checkVector(value);
  if ('rle' in value) return checkBrush(value, context);
  if ('imageDataURL' in value) return checkBitmask(value);
  if ('radiusX' in value) return checkEllipse(value, context);
  if ('height' in value) return checkRectangle(value, context);
  if ('x' in value) return checkKeyPoint(value);
  throw new Refusal('value says neither where the region starts and ends nor what shape it has.');
}
