/** The models beside the repository as manifest entries; see the READMEs there. */
import { join, resolve } from 'node:path';
import type { ModelEntry } from '../../src/backends/manifest.ts';

const shared = resolve(import.meta.dirname, '../../../shared');

export function sharedPath(...parts: readonly string[]): string {
  return join(shared, ...parts);
}

/** ImageNet classifier and embedding; see ../shared/models/mobilenet_v2. */
export function mobileNet(): ModelEntry {
  return {
    name: 'mobilenet-v2',
    kind: 'image-classification',
    input: 'image',
    runtime: 'onnx-image',
    source: { type: 'folder', path: sharedPath('models/mobilenet_v2') },
    files: { 'mobilenet_v2.onnx': '0a999071acefc78bb2f003e3cc220e5b921512cd17c223ba47e8435396eb9eeb' },
    license: 'Apache-2.0',
    outputs: { embedding: { dim: 1280 }, probabilities: { dim: 1001 }, size: { dim: 2 } },
    processing: {
      revision: 1,
      file: 'mobilenet_v2.onnx',
      input: 'rgb',
      width: 224,
      height: 224,
      fit: 'cover',
      order: 'rgb',
      mean: [0, 0, 0],
      scale: [1, 1, 1],
      dense: { embedding: 'embedding', probabilities: 'prob' },
    },
    batch: { costMax: 16, itemsMax: 16 },
  };
}

/** COCO boxes; see ../shared/models/yolox_nano. */
export function yoloxNano(): ModelEntry {
  return {
    name: 'yolox-nano',
    kind: 'object-detection',
    input: 'image',
    runtime: 'onnx-image',
    source: { type: 'folder', path: sharedPath('models/yolox_nano') },
    files: { 'yolox_nano.onnx': 'e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd' },
    license: 'Apache-2.0',
    outputs: { boxes: { fields: ['x', 'y', 'width', 'height', 'score', 'label'] }, size: { dim: 2 } },
    processing: {
      revision: 1,
      file: 'yolox_nano.onnx',
      input: 'images',
      width: 416,
      height: 416,
      fit: 'letterbox',
      order: 'bgr',
      mean: [0, 0, 0],
      scale: [1, 1, 1],
      detector: { head: 'yolox', output: 'output', labelCount: 80, scoreMin: 0.3, iouMax: 0.45 },
    },
    batch: { costMax: 8, itemsMax: 8 },
  };
}
