/** What a label config asks the label page to show: read with the browser's own XML parser, which loads nothing. */

export interface Choice {
  /** What the result holds: the alias when there is one. */
  readonly id: string;
  readonly title: string;
  readonly hotkey: string;
  /** Ids of the choices that it stands in, and its own. */
  readonly path: readonly string[];
}

export interface ChoicesControl {
  readonly name: string;
  /** What it asks, where the page asks several things: the header before it, else its name. */
  readonly title: string;
  readonly toName: string;
  readonly multiple: boolean;
  readonly required: boolean;
  readonly choices: readonly Choice[];
  /** All must hold for it to be asked. */
  readonly conditions: readonly Condition[];
}

/** What another control must say, or must not: one of these labels, or anything when there are none. */
export interface Condition {
  readonly control: string;
  readonly labels: readonly string[] | null;
  readonly selected: boolean;
}

/** One thing on the item card, in the order of the config. */
export type Block =
  | { readonly kind: 'header'; readonly text: string }
  | { readonly kind: 'text'; readonly name: string; readonly value: string }
  | { readonly kind: 'image' | 'audio'; readonly name: string; readonly value: string };

export interface Layout {
  readonly blocks: readonly Block[];
  /** What is asked, in the order of the config. */
  readonly controls: readonly ChoicesControl[];
  /** Why this page cannot label the project; null when it can. */
  readonly problem: string | null;
}

/** Tags that arrange others and hold nothing themselves. */
const CONTAINERS = new Set(['View', 'Style']);

export function layoutOf(labelConfig: string): Layout {
  const document = new DOMParser().parseFromString(labelConfig, 'application/xml');
  if (document.querySelector('parsererror') !== null) {
    return { blocks: [], controls: [], problem: 'The label config of this project is not well-formed.' };
  }
  const elements = Array.from(document.querySelectorAll('*'));
  const asked = elements.filter((element) => element.tagName === 'Choices');
  const controls = asked.map(controlOf);
  // One of several questions stands with its labels; that of a single one stays with the item.
  const headers = asked.length > 1 ? asked.map(headerOf) : [];
  const blocks = elements.filter((element) => !headers.includes(element)).flatMap(blockOf);
  return { blocks, controls, problem: problemOf(elements, controls) };
}

function problemOf(elements: readonly Element[], controls: readonly ChoicesControl[]): string | null {
  const foreign = elements.map((element) => element.tagName).find((tag) => !isKnown(tag));
  if (foreign !== undefined) {
    return `The tag <${foreign}> cannot be labeled on this page yet. Label this project in Label Studio.`;
  }
  if (controls.length === 0) return 'The label config asks nothing: it has no <Choices>.';
  const bare = controls.find((control) => control.choices.length === 0);
  return bare === undefined ? null : `The <Choices> "${bare.name}" of the label config have no <Choice>.`;
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
  const name = element.getAttribute('name') ?? '';
  return {
    name,
    title: headerOf(element)?.getAttribute('value') ?? name,
    toName: element.getAttribute('toName') ?? '',
    multiple: element.getAttribute('choice') === 'multiple',
    required: element.getAttribute('required') === 'true',
    choices: Array.from(element.querySelectorAll('Choice'), (choice) => {
      const title = choice.getAttribute('value') ?? '';
      return { id: idOf(choice), title, hotkey: choice.getAttribute('hotkey') ?? '', path: pathOf(choice) };
    }),
    conditions: conditionsOf(element),
  };
}

function idOf(choice: Element): string {
  return choice.getAttribute('alias') || (choice.getAttribute('value') ?? '');
}

function pathOf(choice: Element): string[] {
  const outer = choice.parentElement;
  return [...(outer?.tagName === 'Choice' ? pathOf(outer) : []), idOf(choice)];
}

/** The header that stands right before the choices. */
function headerOf(element: Element): Element | null {
  const before = element.previousElementSibling;
  return before?.tagName === 'Header' ? before : null;
}

/** Those of the element and of all around it. */
function conditionsOf(element: Element | null): Condition[] {
  if (element === null) return [];
  const outer = conditionsOf(element.parentElement);
  const control = element.getAttribute('whenTagName');
  if (control === null) return outer;
  const labels =
    element
      .getAttribute('whenChoiceValue')
      ?.split(',')
      .map((one) => one.trim()) ?? null;
  return [...outer, { control, labels, selected: element.getAttribute('visibleWhen') !== 'choice-unselected' }];
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
