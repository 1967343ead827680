/** Background work on the runs page, by keyboard: its pace, pause and resume, what failed and trying that again. */
import { expect, it } from 'vitest';
import { makeTexts } from '../helpers/texts.ts';
import { keepScreenshot } from './browser.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

it('pauses, resumes and cancels a job by keyboard, and tells its rate and the time left', {
  timeout: 120_000,
}, async () => {
  // Cancelled in the end; until then people have to press keys while it runs.
  const texts = makeTexts(30_000).map(({ text }) => text);
  const project = await server.project({ title: 'Many', texts, settings: { embedder: 'use-lite' } });
  // It waits for the browser, which opens at its leisure.
  const jobs = await server.call('jobList', 'GET', `/api/jobs?project=${project}`);
  const { id } = jobs.find(({ kind, params }) => kind === 'embed' && params.embedder === 'use-lite')!;
  await server.call('jobPause', 'POST', `/api/jobs/${id}/pause`);
  const { page, problems } = await visit(`/projects/${project}/runs`);
  const row = page.getByRole('listitem').filter({ has: page.getByRole('button', { name: new RegExp(`job ${id}$`) }) });
  const resume = row.getByRole('button', { name: /^Resume job/ });
  await resume.focus();
  await page.keyboard.press('Enter');
  await row.getByText(/\d+(\.\d)?\/s, \d+ (s|min) left/).waitFor({ timeout: 60_000 });
  await keepScreenshot(page, 'job-running');
  await row.getByRole('button', { name: /^Pause job/ }).focus();
  await page.keyboard.press('Enter');
  await row.getByText('paused', { exact: true }).waitFor();
  await keepScreenshot(page, 'job-paused');
  const words = await row.textContent();
  expect(words).toMatch(/[\d,]+ of 30,000/);
  expect(words).not.toMatch(/left/);

  await server.kill();
  await server.start();
  await page.reload();
  await row.getByText('paused', { exact: true }).waitFor();
  await resume.focus();
  await page.keyboard.press('Enter');
  await row.getByText('running', { exact: true }).waitFor();
  // The keyboard is where it was, on the same button with its other meaning.
  await expect.poll(() => page.evaluate<string>('document.activeElement.textContent')).toMatch(/^Pause job/);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await row.getByText('cancelled', { exact: true }).waitFor();
  await row.getByRole('button', { name: /^Run again job/ }).waitFor();
  expect(problems.splice(0).filter((problem) => !problem.includes('ERR_'))).toEqual([]);
});

it('lists what failed page by page, and tries it again', { timeout: 60_000 }, async () => {
  const project = await server.project({
    title: 'Broken pictures',
    texts: [],
    config: `<View><Image name="image" value="$image"/><Choices name="label" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>`,
    rows: Array.from({ length: 60 }, () => ({ image: 'data:image/png;base64,AAAA' })),
  });
  const { page } = await visit(`/projects/${project}/runs`);
  const row = page.getByRole('listitem').filter({ hasText: '60 failed' });
  await row.getByText('done', { exact: true }).waitFor();
  await row.getByRole('button', { name: /^Show what failed/ }).click();
  const lines = row.getByRole('row');
  await expect.poll(() => lines.count()).toBe(51);
  await row.getByRole('button', { name: 'More of 60' }).click();
  await expect.poll(() => lines.count()).toBe(61);
  await keepScreenshot(page, 'job-failures');
  await row.getByRole('button', { name: /^Try the failed items again/ }).click();
  await row.getByText('done', { exact: true }).waitFor();
  await expect
    .poll(async () => (await server.call('jobList', 'GET', `/api/jobs?project=${project}`))[0]!.attempts)
    .toBe(2);
  await row.getByText('60 of 60, 60 failed').waitFor();
});
