/** What a label config asks the label page to show: read with the browser's own XML parser, which loads nothing. */

export interface Choice {
  /** What the result holds: the alias when there is one. */
  readonly id: string;
  readonly title: string;
  readonly hotkey: string;
}

export interface ChoicesControl {
  readonly name: string;
  readonly toName: string;
  readonly multiple: boolean;
  readonly choices: readonly Choice[];
}

/** One thing on the item card, in the order of the config. */
export type Block =
  | { readonly kind: 'header'; readonly text: string }
  | { readonly kind: 'text'; readonly name: string; readonly value: string }
  | { readonly kind: 'image' | 'audio'; readonly name: string; readonly value: string };

export interface Layout {
  readonly blocks: readonly Block[];
  readonly control: ChoicesControl | null;
  /** Why this page cannot label the project; null when it can. */
  readonly problem: string | null;
}

/** Tags that arrange others and hold nothing themselves. */
const CONTAINERS = new Set(['View', 'Style']);

export function layoutOf(labelConfig: string): Layout {
  const document = new DOMParser().parseFromString(labelConfig, 'application/xml');
  if (document.querySelector('parsererror') !== null) {
    return { blocks: [], control: null, problem: 'The label config of this project is not well-formed.' };
  }
  const elements = Array.from(document.querySelectorAll('*'));
  const controls = elements.filter((element) => element.tagName === 'Choices').map(controlOf);
  return { blocks: elements.flatMap(blockOf), control: controls[0] ?? null, problem: problemOf(elements, controls) };
}

function problemOf(elements: readonly Element[], controls: readonly ChoicesControl[]): string | null {
  const foreign = elements.map((element) => element.tagName).find((tag) => !isKnown(tag));
  if (foreign !== undefined) {
    return `The tag <${foreign}> cannot be labeled on this page yet. Label this project in Label Studio.`;
  }
  if (controls.length !== 1) return `This page labels one <Choices>; the label config has ${controls.length}.`;
  return controls[0]!.choices.length === 0 ? 'The <Choices> of the label config have no <Choice>.' : null;
}

/** Object tags whose files are shown by an element of the browser. */
const MEDIA: Readonly<Record<string, 'image' | 'audio'>> = { Image: 'image', Audio: 'audio', AudioPlus: 'audio' };

function isKnown(tag: string): boolean {
  return CONTAINERS.has(tag) || ['Header', 'Text', 'Choices', 'Choice'].includes(tag) || tag in MEDIA;
}

function blockOf(element: Element): Block[] {
  const value = element.getAttribute('value') ?? element.getAttribute('valueList') ?? '';
  const media = MEDIA[element.tagName];
  if (media !== undefined) return [{ kind: media, name: element.getAttribute('name') ?? '', value }];
  if (element.tagName === 'Header') return [{ kind: 'header', text: value }];
  if (element.tagName === 'Text') return [{ kind: 'text', name: element.getAttribute('name') ?? '', value }];
  return [];
}

function controlOf(element: Element): ChoicesControl {
  return {
    name: element.getAttribute('name') ?? '',
    toName: element.getAttribute('toName') ?? '',
    multiple: element.getAttribute('choice') === 'multiple',
    choices: Array.from(element.querySelectorAll('Choice'), (choice) => {
      const title = choice.getAttribute('value') ?? '';
      return { id: choice.getAttribute('alias') || title, title, hotkey: choice.getAttribute('hotkey') ?? '' };
    }),
  };
}

/** `$field` and `$a.b` read from the task's data; anything else is shown as written. */
export function readValue(value: string, data: Readonly<Record<string, unknown>>): string {
  const at = fieldOf(value, data);
  if (at === undefined || at === null) return '';
  return typeof at === 'string' ? at : JSON.stringify(at);
}

/** How many files the field of a block holds. */
export function countOf(value: string, data: Readonly<Record<string, unknown>>): number {
  const at = fieldOf(value, data);
  return Array.isArray(at) ? at.length : typeof at === 'string' && at !== '' ? 1 : 0;
}

function fieldOf(value: string, data: Readonly<Record<string, unknown>>): unknown {
  if (!value.startsWith('$')) return value;
  let at: unknown = data;
  for (const step of value.slice(1).split('.')) {
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, step)
        ? (at as Record<string, unknown>)[step]
        : undefined;
  }
  return at;
}

/** The texts that the card shows for this data, as one. Other fields stay out: one of them may give the answer away. */
export function textOf(layout: Layout, data: Readonly<Record<string, unknown>>): string {
  return layout.blocks.flatMap((block) => (block.kind === 'text' ? [readValue(block.value, data)] : [])).join('\n');
}

/** A config for one text field and one choice per label. */
export function textChoicesConfig(field: string, labels: readonly string[]): string {
  const choices = labels.map((label) => `    <Choice value="${escapeXml(label)}"/>`).join('\n');
  return `<View>
  <Text name="text" value="$${escapeXml(field)}"/>
  <Choices name="label" toName="text" choice="single">
${choices}
  </Choices>
</View>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
