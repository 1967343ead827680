/** Runtime of ONNX models that look at pictures. */
import { type ImageProcessing, imageModel } from './image-model.ts';
import { openOnnxGraph } from './onnx.ts';
import type { ModelRuntime } from './runtime.ts';

export const onnxImageRuntime: ModelRuntime = {
  async load(entry, files) {
    const { file } = entry.processing as unknown as ImageProcessing;
    return imageModel(entry, await openOnnxGraph(files.get(file)!));
  },
};
