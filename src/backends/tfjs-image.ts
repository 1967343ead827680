/** Runtime of TF.js models, graphs or layers, that look at pictures. */
import { type ImageProcessing, imageModel } from './image-model.ts';
import type { ModelRuntime } from './runtime.ts';
import { openTfjsGraph } from './tfjs.ts';

export const tfjsImageRuntime: ModelRuntime = {
  async load(entry, files) {
    const { file } = entry.processing as unknown as ImageProcessing;
    return imageModel(entry, await openTfjsGraph(files, file));
  },
};
