/** Label Studio's labeling language: parse, render, edit, and hold results against it. */

export { decodeBrush, encodeBrush } from './brush.ts';
export { type CheckedResult, checkResult, type Problem } from './check.ts';
export { type ChoiceRegionOptions, choicesOfResult, namesIn, regionFromChoice } from './choices.ts';
export {
  countDifference,
  type DifferenceCounts,
  diffResults,
  outcomeOf,
  type RegionChange,
  type RegionDifference,
} from './diff.ts';
export { addLabel, editLabels, editResult, type LabelEdit, mergeLabels, removeLabel, renameLabel } from './edit.ts';
export { exampleData } from './example.ts';
export { missingFields, parseDataPath, requiredFields, valueAt } from './fields.ts';
export { type HtmlText, htmlText, hyperTextToSpan, spanToHyperText } from './hypertext.ts';
export { controlNamed, labelsForTask, labelsOf, matchLabel } from './labels.ts';
export type { Condition, Control, DynamicLabels, Label, LabelConfig, ObjectTag, Repeater } from './model.ts';
export {
  type OffsetMap,
  offsetMap,
  type ParagraphSpan,
  paragraphToSpan,
  type Span,
  spanToParagraph,
} from './offsets.ts';
export { boxAt, readPoints, regionOverlap } from './overlap.ts';
export { type ParseOptions, parseLabelConfig } from './parse.ts';
export type * from './region-values.ts';
export { type ChoicesConfigOptions, makeChoicesConfig, renderLabelConfig } from './render.ts';
export { instancesOf } from './repeat.ts';
export { missingAnswers } from './required.ts';
export { regionsFromShort } from './short-result.ts';
export {
  type ControlKind,
  type ControlRow,
  type ObjectKind,
  type ObjectRow,
  TAGS,
  type TagRow,
  tagRow,
} from './tags.ts';
export { TEMPLATES, type Template, templateNamed } from './templates/index.ts';
