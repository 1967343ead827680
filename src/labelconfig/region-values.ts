/** The `value` of every region type of Label Studio, as types. Wire form: field names are Label Studio's. */
import type { Point } from '../core/geometry.ts';

/** Percent of the un-rotated image, 0..100; `rotation` is clockwise about the top-left corner, in degrees. */
export interface RectangleValue {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation?: number;
}

/** Centre and radii in percent of width and height. */
export interface EllipseValue {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly rotation?: number;
}

export interface PolygonValue {
  readonly points: readonly Point[];
  readonly closed?: boolean;
}

/** `width` is the size of the dot in percent of the image width. */
export interface KeyPointValue {
  readonly x: number;
  readonly y: number;
  readonly width?: number;
}

export interface BrushValue {
  readonly format: 'rle';
  readonly rle: readonly number[];
}

export interface BitmaskValue {
  readonly imageDataURL: string;
}

export interface VectorValue {
  readonly vertices: readonly { readonly x: number; readonly y: number; readonly id?: string }[];
  readonly closed?: boolean;
}

/** UTF-16 offsets, `end` exclusive. */
export interface TextSpanValue {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
}

/** Seconds. */
export interface AudioSpanValue {
  readonly start: number;
  readonly end: number;
  readonly channel?: number;
}

/** XPaths of text nodes with offsets inside them; `globalOffsets` counts in the text of the whole page. */
export interface HyperTextValue {
  readonly start: string;
  readonly end: string;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly globalOffsets?: { readonly start: number; readonly end: number };
  readonly text?: string;
}

/** Numbers of paragraphs as text, offsets inside them. */
export interface ParagraphValue {
  readonly start: string;
  readonly end: string;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly text?: string;
}

/** In the unit of the time column; texts where that column holds dates. */
export interface TimeSeriesValue {
  readonly start: number | string;
  readonly end: number | string;
  readonly instant?: boolean;
}

/** Frames count from 1. */
export interface TimelineValue {
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/** Key frames; between them the box is interpolated while `enabled`. */
export interface VideoRectangleValue {
  readonly sequence: readonly (RectangleValue & {
    readonly frame: number;
    readonly enabled: boolean;
    readonly time?: number;
  })[];
  readonly framesCount?: number;
  readonly duration?: number;
}

/** Type of the region -> its value, without the labels that stand under the control's own key. */
export interface RegionValues {
  readonly rectangle: RectangleValue;
  readonly rectanglelabels: RectangleValue;
  readonly ocrlabels: RectangleValue;
  readonly ellipse: EllipseValue;
  readonly ellipselabels: EllipseValue;
  readonly polygon: PolygonValue;
  readonly polygonlabels: PolygonValue;
  readonly keypoint: KeyPointValue;
  readonly keypointlabels: KeyPointValue;
  readonly brush: BrushValue;
  readonly brushlabels: BrushValue;
  readonly magicwand: BrushValue;
  readonly bitmask: BitmaskValue;
  readonly bitmasklabels: BitmaskValue;
  readonly vector: VectorValue;
  readonly vectorlabels: VectorValue;
  readonly labels: TextSpanValue | AudioSpanValue | RectangleValue | EllipseValue | PolygonValue | BrushValue;
  readonly hypertextlabels: HyperTextValue;
  readonly paragraphlabels: ParagraphValue;
  readonly timeserieslabels: TimeSeriesValue;
  readonly timelinelabels: TimelineValue;
  readonly videorectangle: VideoRectangleValue;
  readonly choices: { readonly choices: readonly (string | readonly string[])[] };
  readonly taxonomy: { readonly taxonomy: readonly (readonly string[])[] };
  readonly pairwise: { readonly selected: 'left' | 'right' };
  readonly rating: { readonly rating: number };
  readonly number: { readonly number: number };
  readonly datetime: { readonly datetime: string };
  readonly textarea: { readonly text: readonly string[] };
  readonly ranker: { readonly ranker: readonly string[] | Readonly<Record<string, readonly string[]>> };
}
