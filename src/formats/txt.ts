/** Plain text: one task per line that is not blank, under the data field `text`. */
import type { Bytes, Format, ImportedRow } from './format.ts';
import { decodeText, linesOf } from './text.ts';

export const txt: Format = {
  name: 'txt',
  holds: 'texts',
  title: 'Plain text: one text per line',
  extensions: ['txt'],
  mediaTypes: ['text/plain'],
  read: readTxt,
};

async function* readTxt(bytes: Bytes): AsyncGenerator<ImportedRow> {
  let row = 0;
  for await (const { text } of linesOf(decodeText(bytes))) {
    if (text.trim() === '') continue;
    row += 1;
    yield { row, task: { id: null, data: { text }, meta: {}, annotations: [], predictions: [] } };
  }
}
