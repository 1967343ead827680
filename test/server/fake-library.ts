/** Library of the fake App: one model that ships and one that was added. */

import type { ControlModels, LibraryApi } from '../../src/app/library/api.ts';
import type { LibraryVersion } from '../../src/backends/library/library.ts';
import { modelInfo } from '../../src/backends/manifest.ts';
import { builtinModels } from '../../src/backends/registry.ts';
import type { Job } from '../../src/core/domain.ts';

/** `changed` is told of every call that would change something. */
export function fakeLibrary(changed: (call: string) => void, job: () => Job): LibraryApi {
  const [entry] = builtinModels();
  const version: LibraryVersion = {
    info: modelInfo(entry!),
    entry: entry!,
    ...{ builtin: true, serving: true, shadow: false, origin: 'built in', addedAt: null, assumed: [] },
  };
  const control: ControlModels = { control: 'kind', type: 'Choices', bound: null, offer: null, models: [] };
  return {
    list: async () => [version],
    async add(files, { name = 'unnamed' }) {
      for await (const file of files) changed(`model ${name} ${file.name}`);
      return version;
    },
    async pull({ source }) {
      changed(`pull ${source}`);
      return job();
    },
    async serve(id) {
      changed(`serve ${id}`);
      return version;
    },
    async rollback(name) {
      changed(`roll back ${name}`);
      return version;
    },
    remove: async (id) => changed(`remove ${id}`),
    history: async () => [],
    verify: async () => [{ id: version.info.id, file: 'model.onnx', ok: true, reason: '' }],
    bench: async (id) => ({ id, items: 1, itemsPerSecond: 1, msPerItem: 1 }),
    controls: async () => [control],
    async bind(projectId, name, model) {
      changed(`bind ${projectId} ${name} ${model}`);
      return control;
    },
    async prelabel(projectId) {
      changed(`prelabel by model ${projectId}`);
      return [job()];
    },
    export: async () => ({
      name: 'model.zip',
      mediaType: 'application/zip',
      body: (async function* () {
        yield Buffer.from('PK');
      })(),
    }),
    async compare(projectId) {
      changed(`compare ${projectId}`);
      return job();
    },
  };
}
