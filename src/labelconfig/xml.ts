/** XML from strangers as a plain tree, and back: no DTD, only the five entities, bounded, every error with its place. */
import { SaxesParser } from 'saxes';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export interface XmlElement {
  readonly tag: string;
  /** As written: names keep their case, values are decoded. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

/** Character data is a string; comments are kept because Label Studio puts example data into them. */
export type XmlNode = XmlElement | string | XmlComment;

export interface XmlComment {
  readonly comment: string;
}

export interface XmlDocument {
  readonly before: readonly XmlComment[];
  readonly root: XmlElement;
  readonly after: readonly XmlComment[];
}

/** 1-based. */
export interface XmlPlace {
  readonly line: number;
  readonly column: number;
}

export interface ParsedXml {
  readonly document: XmlDocument;
  /** Where an element's start tag begins. Not part of the tree, so that equal documents are equal values. */
  placeOf(element: XmlElement): XmlPlace;
}

interface OpenElement {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlNode[];
}

export function isElement(node: XmlNode): node is XmlElement {
  return typeof node === 'object' && 'tag' in node;
}

/** Child elements without text and comments. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter(isElement);
}

/** The error every problem of a label config is reported by: the place is in the message and in the details. */
export function xmlError(code: ErrorCode, message: string, place: XmlPlace): AppError {
  return new AppError(code, `${message} (line ${place.line}, column ${place.column})`, { details: { ...place } });
}

/**
 * Parses a document. Throws LABELCONFIG_BAD_XML, LABELCONFIG_FORBIDDEN_XML (DTD, foreign entity) and LIMIT_SIZE
 * (bytes, depth, tags), all with line and column.
 */
export function parseXml(text: string): ParsedXml {
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.labelConfigBytesMax) {
    throw new AppError('LIMIT_SIZE', `The label config has ${bytes} bytes; at most ${LIMITS.labelConfigBytesMax}.`, {
      details: { bytes, bytesMax: LIMITS.labelConfigBytesMax },
    });
  }
  const source = text.trimStart();
  const skipped = text.length - source.length;
  const parser = new SaxesParser({ xmlns: false, position: true });
  const before: XmlComment[] = [];
  const after: XmlComment[] = [];
  const starts = new WeakMap<XmlElement, number>();
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let tags = 0;
  const here = (): XmlPlace => placeAt(text, skipped + Math.max(0, parser.position - 1));

  const addText = (chars: string): void => {
    const siblings = open.at(-1)?.children;
    if (siblings === undefined || chars === '') return;
    const last = siblings.at(-1);
    if (typeof last === 'string') siblings[siblings.length - 1] = last + chars;
    else siblings.push(chars);
  };

  parser.on('error', (error) => {
    const message = error.message.replace(/^.*?\d+:\d+: /, '').replace(/\.$/, '');
    const code = /undefined entity/.test(message) ? 'LABELCONFIG_FORBIDDEN_XML' : 'LABELCONFIG_BAD_XML';
    throw xmlError(code, `The label config is not valid XML: ${message}`, here());
  });
  parser.on('doctype', () => {
    throw xmlError('LABELCONFIG_FORBIDDEN_XML', 'A label config may not have a document type (DTD)', here());
  });
  parser.on('opentagstart', (tag) => {
    tags += 1;
    if (open.length >= LIMITS.labelConfigDepthMax) throw tooMuch('nested deeper than', 'labelConfigDepthMax', here());
    if (tags > LIMITS.labelConfigTagsMax) throw tooMuch('made of more tags than', 'labelConfigTagsMax', here());
    const element = { tag: tag.name, attributes: {}, children: [] };
    starts.set(element, source.lastIndexOf('<', parser.position - 1));
    open.push(element);
  });
  parser.on('opentag', (tag) => {
    const attributes = open.at(-1)!.attributes;
    // defineProperty, because an attribute may be called `__proto__`.
    for (const [name, value] of Object.entries(tag.attributes)) {
      Object.defineProperty(attributes, name, { value, enumerable: true, writable: true, configurable: true });
    }
  });
  parser.on('closetag', () => {
    const element = open.pop()!;
    if (open.length === 0) root = element;
    else open.at(-1)!.children.push(element);
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('comment', (comment) => {
    const siblings: XmlNode[] = open.at(-1)?.children ?? (root === undefined ? before : after);
    siblings.push({ comment });
  });
  parser.write(source).close();
  const placeOf = (element: XmlElement): XmlPlace => placeAt(text, skipped + (starts.get(element) ?? 0));
  return { document: { before, root: root!, after }, placeOf };
}

function placeAt(text: string, offset: number): XmlPlace {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

function tooMuch(what: string, limit: 'labelConfigDepthMax' | 'labelConfigTagsMax', place: XmlPlace): AppError {
  return xmlError('LIMIT_SIZE', `The label config is ${what} ${LIMITS[limit]}`, place);
}

/** `parseXml(renderXml(d)).document` equals `d`. */
export function renderXml(document: XmlDocument): string {
  const comments = (nodes: readonly XmlComment[]) => nodes.map((node) => `${renderNode(node)}\n`).join('');
  const after = document.after.length > 0 ? `\n${comments(document.after)}` : '\n';
  return `${comments(document.before)}${renderNode(document.root)}${after}`;
}

function renderNode(node: XmlNode): string {
  if (typeof node === 'string') return escapeText(node);
  if (!isElement(node)) return `<!--${node.comment}-->`;
  const attributes = Object.entries(node.attributes).map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
  const start = `<${node.tag}${attributes.join('')}`;
  if (node.children.length === 0) return `${start}/>`;
  return `${start}>${node.children.map(renderNode).join('')}</${node.tag}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // Written plainly, a parser would turn these into spaces or drop them.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (char) => ESCAPES[char]!);
}

export function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\n\r\t]/g, (char) => ESCAPES[char]!);
}
