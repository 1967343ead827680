/** The runtimes that ship with the package; each is loaded only in the host that needs it. */
import { pathToFileURL } from 'node:url';
import { AppError } from '../core/errors.ts';
import type { ModelRuntime } from './runtime.ts';

const BUILTIN: Readonly<Record<string, () => Promise<ModelRuntime>>> = {
  lexical: async () => (await import('./lexical-runtime.ts')).lexicalRuntime,
  'audio-descriptor': async () => (await import('./audio-descriptor.ts')).audioDescriptorRuntime,
  'image-descriptor': async () => (await import('./image-descriptor.ts')).imageDescriptorRuntime,
  'image-facts': async () => (await import('./image-facts.ts')).imageFactsRuntime,
  'image-hash': async () => (await import('./image-hash.ts')).imageHashRuntime,
  'onnx-audio': async () => (await import('./onnx-audio.ts')).onnxAudioRuntime,
  'onnx-ocr': async () => (await import('./onnx-ocr.ts')).onnxOcrRuntime,
  'onnx-speech': async () => (await import('./onnx-speech.ts')).onnxSpeechRuntime,
  'onnx-prompt': async () => (await import('./onnx-prompt.ts')).onnxPromptRuntime,
  'onnx-image': async () => (await import('./onnx-image.ts')).onnxImageRuntime,
  'onnx-text': async () => (await import('./onnx-text.ts')).onnxTextRuntime,
  'tfjs-image': async () => (await import('./tfjs-image.ts')).tfjsImageRuntime,
  'use-lite': async () => (await import('./use-lite.ts')).liteEncoderRuntime,
};

/** `extra` maps further names to modules that export `runtime`. Throws BACKEND_LOAD on an unknown name. */
export async function runtimeNamed(name: string, extra: Readonly<Record<string, string>>): Promise<ModelRuntime> {
  const file = extra[name];
  if (file) return ((await import(pathToFileURL(file).href)) as { runtime: ModelRuntime }).runtime;
  const load = BUILTIN[name];
  if (!load) throw new AppError('BACKEND_LOAD', `There is no runtime '${name}'.`, { details: { runtime: name } });
  return load();
}
