import { describe, expect, it } from 'vitest';
import {
  missingFields,
  parseLabelConfig,
  renderLabelConfig,
  TEMPLATES,
  tagRow,
  templateNamed,
} from '../../src/labelconfig/index.ts';

describe('templates', () => {
  it('have different names', () => {
    expect(new Set(TEMPLATES.map(({ name }) => name)).size).toBe(TEMPLATES.length);
    expect(() => templateNamed('nope')).toThrow(/text-classes/);
  });

  it.each(TEMPLATES.map((template) => [template.name, template] as const))(
    '%s works on its sample',
    (_name, template) => {
      const config = parseLabelConfig(template.config);
      expect(missingFields(config, template.sample)).toEqual([]);
      expect(renderLabelConfig(config)).toBe(template.config);
      for (const { tag } of [...config.controls, ...config.objects]) expect(tagRow(tag), tag).toBeDefined();
    },
  );

  it('together use most of what people label', () => {
    const types = new Set(TEMPLATES.flatMap(({ config }) => parseLabelConfig(config).controls.map((one) => one.type)));
    for (const type of 'choices taxonomy labels relation pairwise rating ranker textarea rectanglelabels polygonlabels keypointlabels brushlabels paragraphlabels timeserieslabels videorectangle'.split(
      ' ',
    )) {
      expect(types).toContain(type);
    }
  });
});
