/** Pictures and sounds on the label page, answered by keyboard. */
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { tone, wav } from '../helpers/sounds.ts';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer, itemNumber } from './hands.ts';
import { labelsOf } from './server.ts';
import { visits } from './visits.ts';

const { server, visit: open } = visits();

const choices = (tag: string) =>
  `<View><${tag} name="it" value="$it"/><Choices name="kind" toName="it"><Choice value="left"/><Choice value="right"/></Choices></View>`;

async function project(tag: string, files: readonly (readonly [string, Uint8Array])[]): Promise<number> {
  const { id } = await server.call('projectCreate', 'POST', '/api/projects', {
    title: tag,
    label_config: choices(tag),
    settings: { embedder: 'lexical', blind_share: 0 },
  });
  const form = new FormData();
  for (const [name, bytes] of files) form.append('file', new Blob([Buffer.from(bytes)]), name);
  const response = await fetch(`${server.url}/api/projects/${id}/uploads?as_tasks=true`, {
    method: 'POST',
    body: form,
  });
  expect(response.status).toBe(201);
  return id;
}

const visit = async (id: number): Promise<Page> => (await open(`/projects/${id}/label`)).page;

/** The policy of the page lets nothing be evaluated in it but from outside. */
async function until(page: Page, holds: string): Promise<void> {
  while (!(await page.evaluate<boolean>(holds))) await page.waitForTimeout(20);
}

async function photo(hue: number): Promise<Uint8Array> {
  const circle = `<svg width="900" height="1400"><rect width="900" height="1400" fill="hsl(${hue},60%,70%)"/><circle cx="300" cy="700" r="220" fill="hsl(${hue + 180},60%,40%)"/></svg>`;
  return sharp(Buffer.from(circle)).jpeg().toBuffer();
}

describe('files that are items themselves', () => {
  const picked = async (hue: number) => ({
    name: `${hue}.jpg`,
    mimeType: 'image/jpeg',
    buffer: Buffer.from(await photo(hue)),
  });

  it('make a project from the first page, and more items on the data page', async () => {
    const { page } = await open('/');
    await page.getByText('Start with texts, pictures or sounds').waitFor();
    const choose = page.locator('input[type=file]');
    await choose.setInputFiles([
      await picked(10),
      { name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from('text\nhello\n') },
    ]);
    await page.getByRole('alert').getByText('any number of pictures').waitFor();
    await choose.setInputFiles([await picked(10), await picked(90)]);
    await page.getByText('2 files').waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('Pictures');
    await page.getByLabel('Labels, separated').fill('warm, cold');
    await page.getByRole('button', { name: 'Create and start labeling' }).click();
    await page.locator('.item img').waitFor();
    await answer(page, '2');
    await allSaved(page);
    const id = Number(/projects\/(\d+)/.exec(page.url())?.[1]);
    expect(labelsOf((await server.annotations(id))[0]!.result)).toEqual(['cold']);
    await page.goto(`${server.url}/projects/${id}/data`);
    await choose.setInputFiles([await picked(200)]);
    await page.getByRole('button', { name: 'Add them' }).click();
    await page.getByText('Added 1 item').waitFor();
    await page.getByText('3 items, 1 labeled').waitFor();
  });
});

describe('media on the label page', () => {
  it('shows a picture whole, and takes answers by keyboard', async () => {
    const files = await Promise.all([0, 60, 120, 200].map(async (hue) => [`${hue}.jpg`, await photo(hue)] as const));
    const id = await project('Image', files);
    const page = await visit(id);
    await itemNumber(page);
    const picture = page.locator('.item img');
    await picture.waitFor();
    await until(page, `document.querySelector('.item img').naturalWidth === 900`);
    const box = (await picture.boundingBox())!;
    expect(box.height).toBeLessThan(800);
    expect(box.width / box.height).toBeCloseTo(900 / 1400, 1);
    await page.locator('.similar img').nth(2).waitFor();
    await keepScreenshot(page, 'label-picture');
    const first = await answer(page, '1');
    await page.locator('.last-answer', { hasText: `Item ${first}` }).waitFor();
    for (const key of ['2', '1']) await answer(page, key);
    await allSaved(page);
    const annotations = await server.annotations(id);
    expect(annotations.map((one) => labelsOf(one.result)[0])).toEqual(['left', 'right', 'left']);
  });

  it('shows it to somebody with a token too, which browsers do not send along with pictures', async () => {
    const id = await project('Image', [['a.jpg', await photo(30)]]);
    const body = { name: 'Berta', role: 'annotator', project: id } as const;
    const { secret } = await server.call('tokenCreate', 'POST', '/api/tokens', body);
    const { page } = await open('/');
    await page.evaluate(`localStorage.setItem('headstart.token', '${secret}')`);
    await page.goto(`${server.url}/projects/${id}/label`);
    await page.locator('.item img[src^="blob:"]').waitFor();
    await until(page, `document.querySelector('.item img').naturalWidth === 900`);
  });

  it('shows look-alikes with their texts, and makes no alarm of those whose files are lost', async () => {
    const rows = ['one', 'two', 'three'].map((word) => ({ it: `${word}.jpg`, caption: `number ${word}` }));
    const config = choices('Image').replace('<Choices', '<Text name="caption" value="$caption"/><Choices');
    const id = await server.project({ title: 'Captioned', config, texts: [], rows });
    const { page, problems } = await open('/');
    const seen = [{ it: 'lost.jpg', caption: 'with a text' }, { it: 'lost.jpg' }, { caption: 'text alone' }, {}];
    const similar = seen.map((data, i) => ({ task: { id: 900 + i, data }, similarity: 0.5, label: null }));
    await page.route('**/similar*', (route) => route.fulfill({ json: similar }));
    await page.route('**/media?*', (route) => route.fulfill({ status: 404 }));
    await page.goto(`${server.url}/projects/${id}/label`);
    await page.locator('.item [role=alert]').waitFor();
    for (const lost of [900, 901]) await page.locator('.similar .media').getByText(`Item ${lost}`).waitFor();
    expect(await page.locator('.similar-text').allTextContents()).toEqual(['with a text', 'text alone', 'Item 903']);
    expect(await page.locator('.similar [role=alert]').count()).toBe(0);
    for (const problem of problems.splice(0)) expect(problem).toContain('404');
  });

  it('plays a sound by key', async () => {
    const id = await project('Audio', [['beep.wav', wav([tone(440, 1.5)])]]);
    const page = await visit(id);
    await itemNumber(page);
    await until(page, `document.querySelector('.item audio')?.readyState >= 2`);
    await page.keyboard.press('p');
    await until(page, `document.querySelector('.item audio').currentTime > 0`);
    await page.keyboard.press('p');
    expect(await page.evaluate(`document.querySelector('.item audio').paused`)).toBe(true);
    await keepScreenshot(page, 'label-sound');
    await answer(page, '2');
    await allSaved(page);
  });

  it('says so when a file cannot be shown, and goes on', async () => {
    const whole = await sharp(await photo(10))
      .png()
      .toBuffer();
    const id = await project('Image', [['cut.png', whole.subarray(0, 60)]]);
    const page = await visit(id);
    await page.getByText('cannot be shown').waitFor();
    await page.keyboard.press(' ');
    await page.getByText('Nothing is left for you here').waitFor();
  });
});
