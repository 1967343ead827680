/** COCO: one JSON for a whole data set of boxes, polygons, masks and key points. */
import { readCoco } from './coco-read.ts';
import { writeCoco } from './coco-write.ts';
import type { Format } from './format.ts';

export const coco: Format = {
  name: 'coco',
  title: 'COCO: boxes, polygons, masks and key points of all images in one file',
  holds: 'boxes, polygons, masks, key points; ellipses become polygons',
  extensions: ['json'],
  mediaTypes: ['application/json'],
  read: readCoco,
  write: writeCoco,
};
