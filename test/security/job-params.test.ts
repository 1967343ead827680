/** Keys in addresses of models that are pulled: no list of jobs and no event gives them away. */
import { expect, it } from 'vitest';
import { testServer } from '../server/setup.ts';

it('the addresses of a pull are shown as host and file name', async () => {
  const { app, call } = await testServer();
  const params = {
    source: 'https://user:hunter2@models.example/hunter2/colours.onnx?key=hunter2#hunter2',
    beside: ['https://models.example/hunter2/labels.txt?key=hunter2', 'hunter2 is no address'],
    name: 'colours',
  };
  app.progress(1, { kind: 'pull-model', params });
  for (const url of ['/api/jobs', '/api/jobs/1']) expect((await call({ url })).text).not.toContain('hunter2');
  const acted = await Promise.all(
    ['pause', 'resume', 'cancel', 'retry'].map((act) => call({ method: 'POST', url: `/api/jobs/1/${act}` })),
  );
  for (const { text } of acted) expect(text).not.toContain('hunter2');
  expect((await call({ url: '/api/jobs/1' })).body.params).toEqual({
    source: 'https://models.example/…/colours.onnx',
    beside: ['https://models.example/…/labels.txt', 'The address'],
    name: 'colours',
  });
  app.progress(1, { params: { source: 'npm:sharp/package.json' } });
  expect((await call({ url: '/api/jobs/1' })).body.params).toEqual({ source: 'npm:sharp/package.json' });
});
