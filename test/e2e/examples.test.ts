/** The examples do what their page says. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { TOKENIZER, textClassifier } from '../helpers/models.ts';
import { temporaryFolder } from '../helpers/process.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const SHARED = resolve(import.meta.dirname, '../../../shared');

async function run(name: string, ...args: string[]): Promise<string> {
  const data = temporaryFolder();
  onTestFinished(() => data.remove());
  const { stdout } = await promisify(execFile)('sh', [join(EXAMPLES, name, 'run.sh'), ...args, data.folder]);
  return stdout;
}

it('text: six mails are pre-labeled by the model beside them, which is the one that the tests make', async () => {
  const words = join(EXAMPLES, 'text/words');
  const made = textClassifier([
    ['win', 'prize', 'free'],
    ['meeting', 'lunch', 'report'],
  ]);
  expect(readFileSync(join(words, 'model.onnx')).equals(made)).toBe(true);
  expect(JSON.parse(readFileSync(join(words, 'tokenizer.json'), 'utf8'))).toEqual(JSON.parse(TOKENIZER));
  const rows = (await run('text')).trim().split('\n').slice(1);
  expect(rows.map((row) => /spam|ham/.exec(row)?.[0])).toEqual(['spam', 'ham', 'ham', 'spam', 'ham', 'spam']);
});

it.skipIf(!existsSync(SHARED) && process.env.CI !== 'true')(
  'image-boxes: real photos get boxes (../shared)',
  async () => {
    const coco = JSON.parse(
      await run('image-boxes', join(SHARED, 'models/yolox_nano'), join(SHARED, 'data/images/test-images')),
    ) as { annotations: { category_id: number }[]; categories: { id: number; name: string }[]; images: unknown[] };
    const count = (name: string): number => {
      const id = coco.categories.find((one) => one.name === name)!.id;
      return coco.annotations.filter(({ category_id }) => category_id === id).length;
    };
    expect(count('Animal')).toBeGreaterThanOrEqual(4);
    expect(count('Human')).toBeGreaterThanOrEqual(3);
    expect(count('Kite')).toBeGreaterThanOrEqual(2);
  },
);
