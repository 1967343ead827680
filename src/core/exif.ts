/** What cameras and programs write into pictures (EXIF), by the names that rules ask for: tag numbers of the standard. */

/** Of the picture itself. */
export const EXIF_IMAGE_TAGS: ReadonlyMap<number, string> = new Map([
  [0x010e, 'ImageDescription'],
  [0x010f, 'Make'],
  [0x0110, 'Model'],
  [0x0112, 'Orientation'],
  [0x0131, 'Software'],
  [0x0132, 'DateTime'],
  [0x013b, 'Artist'],
  [0x8298, 'Copyright'],
]);

/** Of how it was taken. */
export const EXIF_PHOTO_TAGS: ReadonlyMap<number, string> = new Map([
  [0x829a, 'ExposureTime'],
  [0x829d, 'FNumber'],
  [0x8822, 'ExposureProgram'],
  [0x8827, 'ISO'],
  [0x9003, 'DateTimeOriginal'],
  [0x9004, 'DateTimeDigitized'],
  [0x9204, 'ExposureBias'],
  [0x9206, 'SubjectDistance'],
  [0x9207, 'MeteringMode'],
  [0x9208, 'LightSource'],
  [0x9209, 'Flash'],
  [0x920a, 'FocalLength'],
  [0xa402, 'ExposureMode'],
  [0xa403, 'WhiteBalance'],
  [0xa404, 'DigitalZoom'],
  [0xa405, 'FocalLengthIn35mm'],
  [0xa406, 'SceneType'],
  [0xa433, 'LensMake'],
  [0xa434, 'LensModel'],
]);

/** Of where it was taken; references (north, west, below the sea) are in the sign. */
export const EXIF_PLACE_TAGS: ReadonlyMap<number, string> = new Map([
  [2, 'Latitude'],
  [4, 'Longitude'],
  [6, 'Altitude'],
]);

export const EXIF_NAMES: readonly string[] = [EXIF_IMAGE_TAGS, EXIF_PHOTO_TAGS, EXIF_PLACE_TAGS].flatMap((tags) => [
  ...tags.values(),
]);

/** Numbers as numbers, times as ISO 8601 (a camera's clock, taken as UTC), all else as text. */
export type Exif = Readonly<Record<string, string | number>>;
