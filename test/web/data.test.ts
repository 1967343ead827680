/** The pages about a project as a whole: labels out, items in, settings, a label renamed in mid-project, its end. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer } from './hands.ts';
import { choicesConfig, labelsOf } from './server.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();
const TEXTS = ['win a prize', 'lunch at noon', 'cash now'];

async function answered(title: string): Promise<number> {
  const id = await server.project({ title, texts: TEXTS });
  const { page } = await visit(`/projects/${id}/label`);
  await answer(page, '1');
  await answer(page, '2');
  await allSaved(page);
  return id;
}

describe('a project without items', () => {
  it('says so, and leads its owner to where some are added', async () => {
    const { id } = await server.call('projectCreate', 'POST', '/api/projects', {
      title: 'Bare',
      label_config: choicesConfig(['spam', 'ham']),
    });
    const { page } = await visit(`/projects/${id}/label`);
    await page.getByRole('heading', { name: 'This project has no items yet' }).waitFor();
    await page.getByRole('link', { name: 'Add some' }).click();
    await page.getByRole('heading', { name: 'Add items' }).waitFor();
  });

  it('says no longer so when others have added some and hold them', async () => {
    const { id } = await server.call('projectCreate', 'POST', '/api/projects', {
      title: 'Bare',
      label_config: choicesConfig(['spam', 'ham']),
    });
    const { page } = await visit('/');
    await page.route('**/next?*', (route) => route.fulfill({ status: 204 }));
    await page.goto(`${server.url}/projects/${id}/label`);
    await page.getByRole('heading', { name: 'This project has no items yet' }).waitFor();
    await fetch(`${server.url}/api/projects/${id}/import?name=a.jsonl`, { method: 'POST', body: '{"text":"cash"}' });
    await page.getByRole('heading', { name: 'Nothing is left for you here' }).waitFor();
  });
});

describe('data', () => {
  it('downloads the labels in the chosen format, and says first what it cannot hold', async () => {
    const id = await answered('Export me');
    const { page } = await visit(`/projects/${id}/data`);
    await page.getByText('3 items, 2 labeled').waitFor();
    await page.getByText('The format holds everything').waitFor();
    await page.getByLabel('Format').selectOption('csv');
    await keepScreenshot(page, 'data');
    const save = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const file = await save;
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    const rows = readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\n');
    expect(rows).toHaveLength(3);
    expect(rows.slice(1).filter((row) => row.includes('spam'))).toHaveLength(1);
  });

  it('adds a file to the project, refuses a bad row by its line, and leaves it out on request', async () => {
    const id = await server.project({ title: 'Add to me', texts: TEXTS });
    const { page, problems } = await visit(`/projects/${id}/data`);
    const choose = () =>
      page.locator('input[type=file]').setInputFiles({
        name: 'more.jsonl',
        mimeType: 'application/jsonl',
        buffer: Buffer.from('{"text":"one more"}\n{"other":"no text here"}\n'),
      });
    await choose();
    await page.getByRole('button', { name: 'Add them' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(/2/);
    expect(problems.splice(0)).toHaveLength(1);
    await page.getByLabel('Leave bad rows out').check();
    await choose();
    await page.getByRole('button', { name: 'Add them' }).click();
    await page.getByText('Added 1 item').waitFor();
    await page.getByText('1 row left out').click();
    await page.getByText('4 items').waitFor();
  });
});

describe('settings', () => {
  it('keeps title, instructions and how items are handed out', async () => {
    const id = await server.project({ title: 'Before', texts: TEXTS });
    const { page } = await visit(`/projects/${id}/settings`);
    await page.getByLabel('Title', { exact: true }).fill('After');
    await page.getByLabel('Instructions').fill('Read to the end.');
    await page.getByLabel('Minutes until').fill('5');
    await page.getByLabel('People per item').fill('2');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved.').waitFor();
    await keepScreenshot(page, 'settings');
    const project = await server.call('projectGet', 'GET', `/api/projects/${id}`);
    expect(project).toMatchObject({
      title: 'After',
      expert_instruction: 'Read to the end.',
      settings: { lease_seconds: 300, overlap: 2, blind_share: 0 },
    });
  });

  it('asks what becomes of answers whose label goes, and renames it in them', async () => {
    const id = await answered('Rename');
    const { page, problems } = await visit(`/projects/${id}/settings`);
    await page.getByLabel('Label config').fill(choicesConfig(['junk', 'ham']));
    await page.getByRole('button', { name: 'Save the labels' }).click();
    await page.getByLabel('“spam”, in 1 answer').fill('junk');
    await keepScreenshot(page, 'settings-rename');
    await page.getByRole('button', { name: 'Save, and change the answers' }).click();
    await page.getByRole('button', { name: 'Save the labels' }).waitFor();
    expect(problems.splice(0)).toEqual([expect.stringContaining('409')]);
    const labels = (await server.annotations(id)).flatMap((one) => labelsOf(one.result));
    expect(labels.sort()).toEqual(['ham', 'junk']);
  });

  it('archives, and deletes only when the title is typed', async () => {
    const id = await server.project({ title: 'Old one', texts: TEXTS });
    const { page } = await visit(`/projects/${id}/settings`);
    await page.getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('button', { name: 'Take out of the archive' }).waitFor();
    expect(await page.getByRole('button', { name: 'Delete for good' }).isDisabled()).toBe(true);
    await page.goto(`${server.url}/`);
    await page.getByText('1 archived project').click();
    await page.getByRole('link', { name: 'Settings' }).last().click();
    await page.getByLabel('To delete').fill('Old one');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('heading', { name: 'Projects' }).waitFor();
    const { results } = await server.call('projectList', 'GET', '/api/projects');
    expect(results.map((one) => one.id)).not.toContain(id);
  });
});
