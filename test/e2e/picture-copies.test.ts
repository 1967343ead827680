/** Real photos, scaled, encoded anew and renamed: found as copies of each other, and of nothing else. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { describeShared } from '../backends/shared.ts';
import { sharedPath } from '../backends/shared-models.ts';
import { runCommand } from '../helpers/process.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';

const CONFIG =
  '<View><Image name="image" value="$image"/><Choices name="kind" toName="image"><Choice value="bird"/><Choice value="other"/></Choices></View>';
const PHOTOS = ['owl', 'parrot', 'cat_720p', 'hot_dog', 'kite_and_cold'];

describeShared('copies of photos', () => {
  const server = servedFolder();

  it('survive scaling and re-encoding; the same file under another name is equal', { timeout: 120_000 }, async () => {
    const { client, url } = server;
    const settings = { blind_share: 0 };
    const { id } = await client.call('projectCreate', { body: { title: 'Photos', label_config: CONFIG, settings } });
    const form = new FormData();
    const add = (name: string, bytes: Uint8Array): void => form.append('file', new Blob([new Uint8Array(bytes)]), name);
    const photo = (name: string): Buffer => readFileSync(sharedPath('data/images/test-images', `${name}.jpg`));
    for (const name of PHOTOS) add(`${name}.jpg`, photo(name));
    add('small-owl.jpg', await sharp(photo('owl')).resize(300).jpeg({ quality: 60 }).toBuffer());
    add('parrot.webp', await sharp(photo('parrot')).resize(480).webp({ quality: 70 }).toBuffer());
    add('the same cat.jpg', photo('cat_720p'));
    const sent = await fetch(`${url}/api/projects/${id}/uploads?as_tasks=true`, { method: 'POST', body: form });
    expect(sent.status).toBe(201);
    await settle(client, id);
    const params = { project_id: id };
    const tasks = await client.call('projectTasks', { params, query: { page_size: 100 } });
    const nameOf = new Map(tasks.map((task) => [task.id, String(task.meta.file)]));

    const listed = await runCommand(['duplicates', String(id)], server.folder);
    expect(listed.code, listed.stderr).toBe(0);
    const { groups } = (await client.call('duplicatesGet', { params }))!;
    const found = groups.map((group) => [group.measure, group.tasks.map((task) => nameOf.get(task)!).sort()]);
    expect(found.sort()).toEqual([
      ['content', ['cat_720p.jpg', 'the same cat.jpg']],
      ['picture', ['owl.jpg', 'small-owl.jpg']],
      ['picture', ['parrot.jpg', 'parrot.webp']],
    ]);
    // Hashes are kept: looking again decodes nothing, and finds the same.
    const again = await runCommand(['duplicates', String(id)], server.folder);
    expect(again.stdout).toBe(listed.stdout);
  });
});
