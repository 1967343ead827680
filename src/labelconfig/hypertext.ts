/** Places in HTML: XPath and offset, as Label Studio's page writes them, and offsets in the text of the whole page. */
import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5';
import type { Span } from './offsets.ts';
import type { HyperTextValue } from './region-values.ts';

/** The text of an HTML piece and where each part of it stands. */
export interface HtmlText {
  /** Of all text nodes, one after the other, as `textContent` gives it. */
  readonly text: string;
  /** In document order. */
  readonly nodes: readonly HtmlTextNode[];
  /** Offset at which each child of an element begins, by the element's path; the last entry is its end. */
  readonly elements: ReadonlyMap<string, readonly number[]>;
}

export interface HtmlTextNode {
  /** Such as `/div[1]/p[2]/text()[1]`, counted among siblings of the same name. */
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

type Node = DefaultTreeAdapterTypes.ChildNode;

/** Not shown, so not counted; Label Studio removes them before it shows a page. */
const HIDDEN = new Set(['script', 'style']);

/** Parses as browsers do when they set `innerHTML` of a division: `<tbody>` appears where it was left out. */
export function htmlText(html: string): HtmlText {
  const division = parseFragment('<div></div>').childNodes[0] as DefaultTreeAdapterTypes.Element;
  const parts: string[] = [];
  const nodes: HtmlTextNode[] = [];
  const elements = new Map<string, readonly number[]>();
  let at = 0;
  const visit = (children: readonly Node[], parent: string): void => {
    const counts = new Map<string, number>();
    const starts: number[] = [];
    for (const child of children) {
      starts.push(at);
      const name = child.nodeName === '#text' ? 'text()' : child.nodeName;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      const path = `${parent}/${name}[${count}]`;
      if (child.nodeName === '#text') {
        const { value } = child as DefaultTreeAdapterTypes.TextNode;
        nodes.push({ path, start: at, length: value.length });
        parts.push(value);
        at += value.length;
      } else if ('childNodes' in child && !HIDDEN.has(name)) visit(child.childNodes, path);
    }
    elements.set(parent, [...starts, at]);
  };
  visit(parseFragment(division, html, {}).childNodes, '');
  return { text: parts.join(''), nodes, elements };
}

/** The span of a region in the text of the page; null when its ends are not there. */
export function hyperTextToSpan(page: HtmlText, value: HyperTextValue): Span | null {
  const start = offsetOf(page, value.start, value.startOffset);
  const end = offsetOf(page, value.end, value.endOffset);
  return start === null || end === null || end < start ? null : { start, end };
}

/** Offsets inside text nodes count characters, inside elements children. */
function offsetOf({ nodes, elements }: HtmlText, path: string, offset: number): number | null {
  const node = nodes.find((one) => one.path === path);
  if (node !== undefined) return offset >= 0 && offset <= node.length ? node.start + offset : null;
  return elements.get(path === '/' ? '' : path)?.[offset] ?? null;
}

/** The other way: both ends in text nodes, with the text between them. Null when the span is empty or outside. */
export function spanToHyperText(page: HtmlText, { start, end }: Span): Required<HyperTextValue> | null {
  // A span begins in the node that holds its first character and ends in the one that holds its last.
  const holding = (offset: number) => page.nodes.find((one) => offset >= one.start && offset < one.start + one.length);
  const [first, last] = [holding(start), holding(end - 1)];
  if (start >= end || first === undefined || last === undefined) return null;
  return {
    start: first.path,
    end: last.path,
    startOffset: start - first.start,
    endOffset: end - last.start,
    globalOffsets: { start, end },
    text: page.text.slice(start, end),
  };
}
