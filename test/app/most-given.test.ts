/** The label that stands beside a look-alike: what people gave it, not what they refused. */
import { expect, it } from 'vitest';
import type { ProjectConfig } from '../../src/app/projects/project-config.ts';
import { mostGiven } from '../../src/app/queue/answers.ts';

it.each([
  ['nobody answered', null, null],
  ['every label was refused', [0, 0, 0], null],
  ['two labels were given as often', [0, 0.5, 0.5], null],
  ['one was given most often', [0.25, 0.75, 0], 'ham'],
])('%s', (_, shares, label) => {
  expect(mostGiven({ classes: ['spam', 'ham', 'other'] } as unknown as ProjectConfig, shares)).toBe(label);
});
