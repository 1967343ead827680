/** Every tag of Label Studio's language, one row each: what it is, what its regions look like, what it shows. */

/** What a control asks for; decides which heads, page and agreement metrics apply. */
export type ControlKind = 'classification' | 'span' | 'shape' | 'text' | 'number' | 'ranking' | 'relation' | 'other';

/** What an object tag shows. */
export type ObjectKind =
  | 'text'
  | 'html'
  | 'paragraphs'
  | 'image'
  | 'audio'
  | 'video'
  | 'timeseries'
  | 'list'
  | 'table'
  | 'document'
  | 'chat';

export interface ControlRow {
  readonly role: 'control';
  readonly tag: string;
  readonly kind: ControlKind;
  /** `type` of its regions, which is also the key of the answer inside `value` unless `valueKey` says otherwise. */
  readonly type: string;
  readonly valueKey?: string;
  /** Tag of the children that are its labels. */
  readonly labels?: 'Choice' | 'Label' | 'Relation';
  /** Labels may stand inside labels. */
  readonly nested?: true;
  /** Several labels at once unless `choice` says otherwise; without this flag one is the default. */
  readonly multiple?: true;
  /** Regions carry the control itself as `to_name`. */
  readonly selfTarget?: true;
  /** Works without `toName` and without a name. */
  readonly free?: true;
  /** What we act on besides the attributes every control has; all others are kept as they are. */
  readonly reads?: readonly string[];
}

export interface ObjectRow {
  readonly role: 'object';
  readonly tag: string;
  readonly kind: ObjectKind;
  readonly reads?: readonly string[];
}

export interface OtherRow {
  /** `visual` arranges the page, `child` belongs to its parent control or object. */
  readonly role: 'visual' | 'child';
  readonly tag: string;
  readonly reads?: readonly string[];
}

export type TagRow = ControlRow | ObjectRow | OtherRow;

const control = (tag: string, kind: ControlKind, type: string, more: Partial<ControlRow> = {}): ControlRow => ({
  role: 'control',
  tag,
  kind,
  type,
  ...more,
});
const object = (tag: string, kind: ObjectKind, reads?: readonly string[]): ObjectRow => ({
  role: 'object',
  tag,
  kind,
  ...(reads === undefined ? {} : { reads }),
});
const other =
  (role: OtherRow['role']) =>
  (tag: string, reads?: readonly string[]): OtherRow => ({ role, tag, ...(reads === undefined ? {} : { reads }) });
const visual = other('visual');
const child = other('child');

/** What every control and every object with a name has. */
export const CONTROL_READS = [
  'name',
  'toName',
  'required',
  'perRegion',
  'perItem',
  'smart',
  'smartOnly',
  'model_score_threshold',
] as const;
export const OBJECT_READS = ['name', 'value', 'valueList', 'valueType'] as const;
/** Read from controls and from the Views around them. */
export const CONDITION_READS = ['visibleWhen', 'whenTagName', 'whenLabelValue', 'whenChoiceValue'] as const;
/** A tool and its twin with labels: `Rectangle` and `RectangleLabels`. */
const shape = (tag: string, type: string): ControlRow[] => [
  control(tag, 'shape', type),
  control(`${tag}Labels`, 'shape', `${type}labels`, { labels: 'Label' }),
];

export const TAGS: readonly TagRow[] = [
  object('Audio', 'audio'),
  object('AudioPlus', 'audio'),
  object('Chat', 'chat'),
  object('HyperText', 'html'),
  object('Image', 'image'),
  object('List', 'list'),
  object('Paragraphs', 'paragraphs', ['textKey']),
  object('Pdf', 'document'),
  object('Table', 'table'),
  object('Text', 'text'),
  object('TimeSeries', 'timeseries'),
  object('Video', 'video'),

  control('Choices', 'classification', 'choices', { labels: 'Choice', nested: true, reads: ['choice', 'value'] }),
  control('Taxonomy', 'classification', 'taxonomy', {
    labels: 'Choice',
    nested: true,
    multiple: true,
    reads: ['value', 'apiUrl'],
  }),
  control('Pairwise', 'classification', 'pairwise', { valueKey: 'selected', selfTarget: true }),
  control('Rating', 'number', 'rating', { reads: ['maxRating'] }),
  control('Number', 'number', 'number', { reads: ['min', 'max'] }),
  control('DateTime', 'other', 'datetime'),
  control('TextArea', 'text', 'textarea', { valueKey: 'text' }),
  control('Ranker', 'ranking', 'ranker'),
  control('Labels', 'span', 'labels', { labels: 'Label', reads: ['choice', 'value'] }),
  control('HyperTextLabels', 'span', 'hypertextlabels', { labels: 'Label' }),
  control('ParagraphLabels', 'span', 'paragraphlabels', { labels: 'Label' }),
  control('TimeSeriesLabels', 'span', 'timeserieslabels', { labels: 'Label' }),
  control('TimelineLabels', 'span', 'timelinelabels', { labels: 'Label' }),
  ...shape('Rectangle', 'rectangle'),
  ...shape('Ellipse', 'ellipse'),
  ...shape('Polygon', 'polygon'),
  ...shape('KeyPoint', 'keypoint'),
  ...shape('Brush', 'brush'),
  ...shape('Bitmask', 'bitmask'),
  ...shape('Vector', 'vector'),
  ...shape('VideoVector', 'videovector'),
  control('MagicWand', 'shape', 'magicwand'),
  control('OcrLabels', 'shape', 'ocrlabels', { labels: 'Label' }),
  control('VideoRectangle', 'shape', 'videorectangle'),
  control('Relations', 'relation', 'relation', { labels: 'Relation', multiple: true, free: true }),
  control('ChatMessage', 'other', 'chatmessage', { selfTarget: true }),
  control('ReactCode', 'other', 'reactcode'),

  child('Choice', ['value', 'alias', 'hotkey', 'background', 'predicted_values']),
  child('Label', ['value', 'alias', 'hotkey', 'background', 'predicted_values']),
  child('Relation', ['value']),
  child('Bucket'),
  child('Channel'),
  child('MultiChannel'),
  child('Shortcut'),

  visual('View'),
  visual('Header'),
  visual('Style'),
  visual('Collapse'),
  visual('Panel'),
  visual('Filter'),
  visual('Repeater', ['on', 'indexFlag']),
  visual('Dialog'),
  visual('Markdown'),
];

// Label Studio reads tag names whatever their case (`Textarea`, `header`).
const BY_NAME = new Map(TAGS.map((row) => [row.tag.toLowerCase(), row]));

/** The row of a tag, found whatever its case; undefined for tags we do not know. */
export function tagRow(tag: string): TagRow | undefined {
  return BY_NAME.get(tag.toLowerCase());
}
