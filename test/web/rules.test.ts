/** The rules page, by keyboard only: written, tried, looked through, compared, applied, undone. */
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { keepScreenshot, type Look } from './browser.ts';
import { visits } from './visits.ts';

const { server, visit: open } = visits();

async function visit(projectId: number, look: Look = {}): Promise<Page> {
  const { page, context } = await open(`/projects/${projectId}/rules`, look);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('.rule-code[data-ready="true"]').waitFor();
  return page;
}

/** Presses Tab until what has the focus says so. */
async function tabTo(page: Page, what: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    const here = await page.evaluate<string>(
      "document.activeElement === document.body ? '' : document.activeElement.className + document.activeElement.textContent",
    );
    if (here.includes(what)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach "${what}"`);
}

async function write(page: Page, text: string): Promise<void> {
  await tabTo(page, 'rule-code');
  await replaceAll(page, text);
}

/** What is typed a letter at a time would be indented by the editor once more, so it is pasted. */
async function replaceAll(page: Page, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('ControlOrMeta+v');
}

/** Which label the words stand for is asked where none was suggested yet, and that hangs on what has been trained by then. */
async function ruleMade(page: Page): Promise<void> {
  const made = page.getByText(/Rule \S+ says/);
  const ask = page.getByRole('group', { name: /^Which label/ });
  await made.or(ask).waitFor();
  if ((await ask.count()) > 0) await ask.getByRole('button').first().click();
  await made.waitFor();
}

const TEXTS = Array.from({ length: 60 }, (_, i) =>
  i % 3 === 0 ? `You won a prize, number ${i}` : i % 3 === 1 ? `Lunch at ${i}?` : `A free lunch, no prize ${i}`,
);

const DOCUMENT = `headstart_rules: 1
rules:
  - id: prizes
    label: spam
    keywords: [prize, winner]
  - id: lunch
    label: ham
    regex: "lunch at \\\\d+"
`;

const votesOf = async (projectId: number): Promise<number> => {
  const tasks = await server.call('projectTasks', 'GET', `/api/projects/${projectId}/tasks?page_size=1000`);
  const votes = await Promise.all(tasks.map((task) => server.call('taskVotes', 'GET', `/api/tasks/${task.id}/votes`)));
  return votes.flat().filter((vote) => vote.kind === 'rule').length;
};

async function annotate(projectId: number, label: string, holds: string): Promise<void> {
  const tasks = await server.call('projectTasks', 'GET', `/api/projects/${projectId}/tasks?page_size=1000`);
  for (const task of tasks.filter((one) => String(one.data.text).includes(holds)).slice(0, 8)) {
    const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }];
    await server.call('annotationCreate', 'POST', `/api/tasks/${task.id}/annotations`, { result });
  }
}

describe('the rules page', () => {
  it('takes a rule from the first key to its undo without a mouse', async () => {
    const projectId = await server.project({ title: 'Mails', texts: TEXTS });
    await annotate(projectId, 'spam', 'won a prize');
    await annotate(projectId, 'ham', 'free lunch');
    const page = await visit(projectId);
    await write(page, DOCUMENT.replace('spam', 'spam\n    keyword: [x]'));
    await page.getByText(/Line 5, column \d+/).waitFor();
    await keepScreenshot(page, 'rules-problem');
    await replaceAll(page, DOCUMENT);
    await page.getByText('No problem in 2 rules.').waitFor();
    await page.getByText(/On 60 tasks/).waitFor();
    await page.locator('mark', { hasText: 'prize' }).first().waitFor();
    await page.getByText(/of 16/).first().waitFor();
    const place = "document.querySelector('.table-scroll:has(.rule-table)')";
    expect(await page.evaluate(`${place}.scrollWidth - ${place}.clientWidth`)).toBe(0);

    await tabTo(page, 'prizes');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'prizes', pressed: true }).waitFor();
    await tabTo(page, 'Hits');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: /Conflicts 8/ }).waitFor();
    await page.getByText('people say ham').first().waitFor();
    await keepScreenshot(page, 'rules-conflicts');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: /Misses/, selected: true }).waitFor();

    await page.keyboard.press('Shift+Tab');
    await write(page, DOCUMENT);
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('first document of the project').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/Applied 2 rules of document 1/).waitFor();
    await page.getByText('60 labels').waitFor();
    await page.locator('button:focus', { hasText: 'Compare and apply' }).waitFor();
    expect(await votesOf(projectId)).toBe(60);
    await page.getByText(/weigh the votes of 2 labelers/).waitFor();
    await keepScreenshot(page, 'rules-applied');

    await write(page, DOCUMENT.replace('prize, winner', 'won'));
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText(/20 lost/).waitFor();
    await keepScreenshot(page, 'rules-difference');
    await page.keyboard.press('Escape');
    await page.getByText('Save and apply').waitFor({ state: 'detached' });

    await tabTo(page, 'Undo');
    await page.keyboard.press('Enter');
    await page.getByText('Undone.').waitFor();
    expect(await votesOf(projectId)).toBe(0);
  });

  it('suggests words and adds them as rules; stays whole on a narrow dark screen', async () => {
    const projectId = await server.project({ title: 'Mails', texts: TEXTS });
    await annotate(projectId, 'spam', 'won a prize');
    await annotate(projectId, 'ham', 'Lunch at');
    const page = await visit(projectId, { dark: true, width: 420 });
    await page.getByRole('button', { name: /^Add / }).first().waitFor();
    await tabTo(page, 'Add ');
    await page.keyboard.press('Enter');
    await page.getByText('No problem in 2 rules.').waitFor();
    await keepScreenshot(page, 'rules-narrow-dark');
    const wider = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
    expect(wider).toBeLessThanOrEqual(0);
  });

  it('is where a rule begins on the label page: of the last answer, and of words that were selected', async () => {
    const mails = Array.from({ length: 20 }, (_, n) => (n < 12 ? `You won a prize, number ${n}` : `Lunch at ${n}?`));
    const projectId = await server.project({ title: 'Mails', texts: mails });
    await annotate(projectId, 'spam', 'won a prize');
    await annotate(projectId, 'ham', 'Lunch at');
    const { page } = await open(`/projects/${projectId}/label`);
    const body = page.locator('.text-body');
    await body.waitFor();
    // Which item comes first hangs on what is embedded by then.
    const label = (await body.textContent())!.includes('prize') ? 'spam' : 'ham';
    await page
      .getByRole('button', { name: new RegExp(`^${label}`) })
      .first()
      .click();
    await page.keyboard.press('m');
    await page.getByText(new RegExp(`Rule \\S+ says ${label} where .* stands, as in item \\d+`)).waitFor();
    await page.getByText('No problem in 1 rule.').waitFor();
    await page.getByRole('button', { name: /Not only of item/ }).waitFor();
    await keepScreenshot(page, 'rules-from-answer');
    expect(new URL(page.url()).search).toBe('');

    await page.goto(`${server.url}/projects/${projectId}/label`);
    await body.waitFor();
    await page.evaluate(`(() => {
      const text = document.createTreeWalker(document.querySelector('.text-body'), NodeFilter.SHOW_TEXT).nextNode();
      getSelection().setBaseAndExtent(text, 0, text, text.data.indexOf(' ', 6));
    })()`);
    await keepScreenshot(page, 'label-rule-selected');
    const words = await page.evaluate<string>('getSelection().toString()');
    await page.getByRole('button', { name: /^Rule/ }).click();
    await ruleMade(page);
    await page.getByText(`where “${words}” stands`).waitFor();
    await page.getByText('No problem in 1 rule.').waitFor();
  });

  it.each(['', 'no longer a label'])('asks which label selected words stand for when it is told %j', async (label) => {
    const projectId = await server.project({ title: 'Mails', texts: TEXTS });
    const [first] = await server.call('projectTasks', 'GET', `/api/projects/${projectId}/tasks?page_size=1`);
    const query = new URLSearchParams({ task: `${first!.id}`, label, words: 'won a prize' });
    const { page } = await open(`/projects/${projectId}/rules?${query}`);
    const ask = page.getByRole('group', { name: 'Which label is the rule for “won a prize” to say?' });
    await ask.waitFor();
    await keepScreenshot(page, 'rules-which-label');
    expect(await page.getByText(/Rule \S+ says/).count()).toBe(0);
    await ask.getByRole('button', { name: 'spam' }).press('Enter');
    await page.getByText(/Rule \S+ says spam where “won a prize” stands, as in item \d+/).waitFor();
    await page.getByText('No problem in 1 rule.').waitFor();
    expect(await page.locator('.rule-words-head select').inputValue()).toBe('spam');
    expect(await ask.count()).toBe(0);
  });

  it('begins with what was saved when somebody comes back for another rule', async () => {
    const projectId = await server.project({ title: 'Mails', texts: TEXTS });
    const page = await visit(projectId);
    await write(page, DOCUMENT);
    await page.getByText('No problem in 2 rules.').waitFor();
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('first document of the project').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/Applied 2 rules of document 1/).waitFor();
    await page.getByRole('link', { name: 'Label', exact: true }).click();
    await page.locator('.text-body').waitFor();
    await page.evaluate(`(() => {
      const text = document.createTreeWalker(document.querySelector('.text-body'), NodeFilter.SHOW_TEXT).nextNode();
      getSelection().setBaseAndExtent(text, 0, text, text.data.indexOf(' ', 6));
    })()`);
    await page.getByRole('button', { name: /^Rule/ }).click();
    await ruleMade(page);
    await page.getByText('No problem in 3 rules.').waitFor();
  });

  it('shows pictures with the facts that rules ask for, and waits for files by itself', async () => {
    const config =
      '<View><Image name="image" value="$text"/><Choices name="label" toName="image"><Choice value="night"/><Choice value="day"/></Choices></View>';
    const picture = async (level: number) => {
      const create = { width: 80, height: 60, channels: 3 as const, background: { r: level, g: level, b: level } };
      return `data:image/png;base64,${(await sharp({ create }).png().toBuffer()).toString('base64')}`;
    };
    const texts = [...(await Promise.all([10, 20, 200, 240].map(picture))), 'data:image/png;base64,AAAA'];
    const projectId = await server.project({ title: 'Photos', texts, config });
    const page = await visit(projectId);
    await write(
      page,
      'headstart_rules: 1\nrules:\n  - {id: dark, label: night, when: {fact: {path: brightness, max: 60}}}\n  - {id: light, label: day, when: {not: {fact: {path: brightness, max: 60}}}}\n',
    );
    await page.getByRole('tab', { name: /Hits 4/ }).waitFor();
    await page.locator('.rule-picture img').first().waitFor();
    await page.getByText('brightness 10', { exact: true }).waitFor();
    await page.getByText('Rules keep silent on 1 file').click();
    await keepScreenshot(page, 'rules-pictures');
    await write(
      page,
      'headstart_rules: 1\nrules:\n  - {id: dark, label: night, when: {fact: {path: brigthness, max: 60}}}\n',
    );
    await page
      .getByText(/There is no fact 'brigthness'/)
      .first()
      .waitFor();
  });

  it('marks places for labels of spans', async () => {
    const config = `<View><Labels name="entity" toName="text"><Label value="Drug"/></Labels><Text name="text" value="$text"/></View>`;
    const texts = ['Took aspirin twice.', 'Nothing.'];
    const projectId = await server.project({ title: 'Notes', texts, config });
    const page = await visit(projectId);
    await write(page, 'headstart_rules: 1\nrules:\n  - {id: drugs, label: Drug, spans: true, keywords: [aspirin]}\n');
    await page.locator('mark', { hasText: 'aspirin' }).waitFor();
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('first document of the project').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/Applied 1 rule of document 1: 1 label/).waitFor();
  });
});
