/** Several people, and a server that dies: nobody gets another's item, every answer counts once. */
import { describe, expect, it } from 'vitest';
import { keepScreenshot, type Watched } from './browser.ts';
import { allSaved, answer, fetchedAhead, itemNumber } from './hands.ts';
import { labelsOf } from './server.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `a message with number ${i}`);

/** The owner makes a link on the People page. */
async function inviteLink(projectId: number): Promise<string> {
  const { page } = await visit(`/projects/${projectId}/people`);
  await page.getByRole('button', { name: 'Make an invite link' }).click();
  const link = await page.getByLabel('Invite link', { exact: true }).inputValue();
  await keepScreenshot(page, 'people');
  return link;
}

/** A browser of its own that follows the link. */
async function join(link: string, name: string): Promise<Watched> {
  const watched = await visit(link.slice(server.url.length));
  await watched.page.getByLabel('Your name').fill(name);
  await watched.page.keyboard.press('Enter');
  await watched.page.locator('article.item').waitFor();
  return watched;
}

describe('an invite link', () => {
  it('is copied by a click, also where the page is served without TLS and has no clipboard', async () => {
    const id = await server.project({ title: 'Invite', texts: texts(2) });
    const { page } = await visit(`/projects/${id}/people`);
    await page.addInitScript("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    await page.reload();
    await page.getByRole('button', { name: 'Make an invite link' }).click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
  });
});

describe('several annotators', () => {
  it('join by one link, are asked once, never get the same item, and can be turned away', async () => {
    const id = await server.project({ title: 'Shared', texts: texts(24) });
    const link = await inviteLink(id);
    const people = [await join(link, 'Anna'), await join(link, 'Björn')];
    const label = async ({ page }: Watched): Promise<number[]> => {
      const seen: number[] = [];
      while (!(await page.getByText('Nothing is left for you here').isVisible())) {
        if (await page.locator('article.item').isVisible()) seen.push(await answer(page, '1'));
        else await page.waitForTimeout(30);
      }
      return seen;
    };
    const [anna, bjorn] = await Promise.all(people.map(label));
    expect(new Set([...anna!, ...bjorn!]).size).toBe(anna!.length + bjorn!.length);
    expect([...anna!, ...bjorn!]).toHaveLength(24);
    expect(Math.min(anna!.length, bjorn!.length)).toBeGreaterThan(0);
    await Promise.all(people.map((one) => allSaved(one.page)));
    const annotations = await server.annotations(id);
    expect(annotations).toHaveLength(24);
    expect(new Set(annotations.map((one) => one.task)).size).toBe(24);
    expect(new Set(annotations.map((one) => one.completed_by)).size).toBe(2);

    // Asked once: the same browser goes straight to work, and sees no owner's pages.
    const { page } = people[0]!;
    await page.goto(`${server.url}/projects/${id}/label`);
    await page.getByText('Nothing is left for you here').waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(await page.locator('.top-me').textContent()).toBe('Anna');
    expect(people.flatMap((one) => one.problems)).toEqual([]);

    const tokens = await server.call('tokenList', 'GET', '/api/tokens');
    const annas = tokens.filter((one) => one.label === 'Anna');
    expect(annas).toHaveLength(1);
    await server.call('tokenRevoke', 'DELETE', `/api/tokens/${annas[0]!.id}`);
    await page.reload();
    await page.getByText('This browser has no access').waitFor();
    // On the server's own machine whoever forgets the token is the owner again.
    await page.getByRole('button', { name: 'Forget the old token' }).click();
    await page.getByRole('heading', { name: 'Projects' }).waitFor();
    expect(await page.locator('.top-me').textContent()).toBe('owner');
    expect(people[0]!.problems.splice(0).every((problem) => problem.includes('401'))).toBe(true);
  });
});

/** What a page says in its console while nobody answers is no fault of its own. */
describe('a server that dies', () => {
  it('is answered into the void, comes back, and has every answer once', async () => {
    const id = await server.project({ title: 'Outage', texts: texts(40) });
    const { page, problems } = await visit(`/projects/${id}/label`);
    const given = new Map<number, string>();
    const give = async (key: '1' | '2'): Promise<void> => {
      given.set(await answer(page, key), key === '1' ? 'spam' : 'ham');
    };
    for (let i = 0; i < 6; i++) await give('1');
    await fetchedAhead(page);
    await server.kill();
    // What was fetched ahead can still be answered.
    for (let i = 0; i < 3; i++) await give('2');
    await page.getByText('kept here until the server is back').waitFor();
    await keepScreenshot(page, 'outage');
    await server.start();
    await allSaved(page);
    for (let i = 0; i < 4; i++) await give('1');
    await fetchedAhead(page);
    // Killed while answers are on their way, and the page reloaded before they are acknowledged.
    const killed = server.kill();
    await give('2');
    await killed;
    await give('2');
    await server.start();
    await page.reload();
    await itemNumber(page);
    await allSaved(page);
    await give('1');
    await allSaved(page);
    const annotations = await server.annotations(id);
    const stored = annotations.map((one) => [one.task, labelsOf(one.result)[0]]);
    expect(stored.sort(byTask)).toEqual([...given].sort(byTask));
    problems.splice(0);
  });

  it('keeps an undo that was pressed while it was away', async () => {
    const id = await server.project({ title: 'Undo while away', texts: texts(12) });
    const { page, problems } = await visit(`/projects/${id}/label`);
    await answer(page, '1');
    const second = await answer(page, '1');
    await allSaved(page);
    await fetchedAhead(page);
    await server.kill();
    await page.keyboard.press('Backspace');
    await page.locator(`article.item[aria-label="Item ${second}"]`).waitFor();
    await answer(page, '2');
    await server.start();
    await allSaved(page);
    const annotations = await server.annotations(id);
    expect(annotations.map((one) => labelsOf(one.result)[0])).toEqual(['spam', 'ham']);
    problems.splice(0);
  });
});

function byTask(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0]);
}
