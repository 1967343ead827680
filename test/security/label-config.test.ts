/** Label configs that mean harm: they are refused at once, or they are text and stay text. */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { parseLabelConfig, renderLabelConfig, TAGS, TEMPLATES } from '../../src/labelconfig/index.ts';
import { servedFolder } from '../helpers/served.ts';

const SCRIPT = '"/><script>alert(1)</script><img src=x onerror=alert(1) x="';
const ESCAPED = SCRIPT.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
/** Of the processor, far more than a refusal takes; what is expanded after all takes minutes. */
const AT_ONCE_MS = 10_000;

const server = servedFolder();

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** `lol9` would be a billion of `lol`. */
const LAUGHS = `<!DOCTYPE View [<!ENTITY lol "lol">${Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY lol${i + 1} "${`&lol${i === 0 ? '' : i};`.repeat(10)}">`,
).join('')}]><View><Header value="&lol9;"/></View>`;
const DEEP = `${'<View>'.repeat(10_000)}${'</View>'.repeat(10_000)}`;
const OUTSIDE = '<!DOCTYPE View [<!ENTITY x SYSTEM "file:///etc/passwd">]><View><Header value="&x;"/></View>';

describe('a label config', () => {
  it.each([
    ['with a billion laughs', LAUGHS, 'LABELCONFIG_FORBIDDEN_XML'],
    ['with an entity from a file', OUTSIDE, 'LABELCONFIG_FORBIDDEN_XML'],
    ['10,000 tags deep', DEEP, 'LIMIT_SIZE'],
  ])('%s is refused at once, by the parser and by the server', async (_name, xml, code) => {
    const start = process.cpuUsage();
    expect(() => parseLabelConfig(xml)).toThrow(expect.objectContaining({ code }));
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000).toBeLessThan(AT_ONCE_MS);
    const reply = await post('/api/projects', { title: 'x', label_config: xml });
    expect(await reply.json()).toMatchObject({ code });
    expect(reply.headers.get('content-type')).toContain('json');
  });

  it.each(TEMPLATES.map(({ name, config }) => [name, config] as const))(
    'with a script in every attribute of %s is refused by name, or keeps it as text',
    (_name, xml) => {
      const places = [...xml.matchAll(/\s([\w-]+)="[^"]*"/g)];
      expect(places.length).toBeGreaterThan(3);
      let kept = 0;
      for (const place of places) {
        const at = place.index + place[0].indexOf('"') + 1;
        const hostile = xml.slice(0, at) + ESCAPED + xml.slice(place.index + place[0].length - 1);
        const parsed = parsedOr(hostile);
        if (parsed === null) continue;
        kept += 1;
        const rendered = renderLabelConfig(parsed);
        expect(rendered).not.toMatch(/<script|<img/i);
        expect(parseLabelConfig(rendered)).toEqual(parsed);
      }
      expect(kept).toBeGreaterThan(0);
    },
  );

  it('with a script in every attribute of every tag that we read is JSON on the wire and nothing else', async () => {
    const attributes = new Set(TAGS.flatMap((row) => row.reads ?? []));
    const own = [...attributes].filter((name) => !['name', 'toName', 'value'].includes(name));
    const config = `<View style="${ESCAPED}"><Text name="text" value="$text" ${own.map((name) => `${name}="${ESCAPED}"`).join(' ')}/>
      <Choices name="label" toName="text" title="${ESCAPED}"><Choice value="${ESCAPED}" hint="${ESCAPED}"/></Choices></View>`;
    const made = await post('/api/projects', { title: SCRIPT, label_config: config });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: number };
    const read = await fetch(new URL(`/api/projects/${id}`, server.url));
    expect(read.headers.get('content-type')).toMatch(/^application\/json/);
    expect(read.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await read.json()).toMatchObject({ title: SCRIPT, label_config: config });
    const page = await fetch(new URL(`/projects/${id}/label`, server.url));
    expect(await page.text()).not.toContain('alert(1)');
  });
});

function parsedOr(xml: string): ReturnType<typeof parseLabelConfig> | null {
  try {
    return parseLabelConfig(xml);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toMatch(/^(LABELCONFIG|LIMIT)_/);
    return null;
  }
}
