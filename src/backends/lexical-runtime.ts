/** The lexical embedder as a runtime, so that it is queued, batched and versioned like every model. */
import { LEXICAL_DEFAULTS, type LexicalOptions, lexicalEmbed } from './lexical.ts';
import type { ModelRuntime } from './runtime.ts';

export const lexicalRuntime: ModelRuntime = {
  async load(entry) {
    const options: LexicalOptions = { ...LEXICAL_DEFAULTS, ...entry.processing };
    return {
      device: 'javascript',
      async run(items) {
        const texts = items.map((item) => ('text' in item ? item.text : ''));
        return { outputs: { embedding: { data: lexicalEmbed(texts, options) } }, failed: [] };
      },
      release: () => undefined,
    };
  },
};
