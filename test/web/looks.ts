/** What eyes and screen readers would stumble over on a page, measured in the page itself. */
import type { Page } from 'playwright-core';

export interface Flaws {
  /** Texts below the contrast of WCAG 2.2 AA: 4.5, or 3 for large ones. Disabled controls are exempt there too. */
  readonly faint: readonly string[];
  /** Fields whose edge has less than 3 against what is around it. */
  readonly edgeless: readonly string[];
  /** Controls, tables and pictures without a name. */
  readonly nameless: readonly string[];
  /** Pixels that the page is wider than the screen. */
  readonly overflow: number;
}

/** The page's own policy forbids to evaluate anything in it; the browser may, from outside. */
export function flawsOf(page: Page): Promise<Flaws> {
  return page.evaluate<Flaws>(MEASURE);
}

const MEASURE = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const over = ({ rgb, alpha }, below) => rgb.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = (rgb) => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const around = (element) => (element === null ? [] : [...around(element.parentElement), element]);
  const ground = (element) =>
    around(element).reduce((below, one) => over(read(getComputedStyle(one).backgroundColor), below), read('Canvas').rgb);
  const words = (node) => node.textContent.trim().replace(/\\s+/g, ' ').slice(0, 40);

  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (words(texts.currentNode) === '' || !element.checkVisibility()) continue;
    if (element.closest('.visually-hidden, :disabled, option, script, noscript') !== null) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const ink = read(element instanceof SVGElement ? style.fill : style.color);
    const opacity = around(element).reduce((product, one) => product * Number(getComputedStyle(one).opacity), 1);
    const ratio = contrast(over({ ...ink, alpha: ink.alpha * opacity }, below), below);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.add(words(texts.currentNode) + ': ' + ratio.toFixed(2));
  }

  const edgeless = [...document.querySelectorAll('input, select, textarea')]
    .filter((field) => field.checkVisibility() && !field.matches('.visually-hidden, [type=radio], [type=checkbox], [type=range], :disabled'))
    .filter((field) => contrast(read(getComputedStyle(field).borderTopColor).rgb, ground(field.parentElement)) < 3)
    .map((field) => field.outerHTML.slice(0, 120));

  // What is chosen from or typed in a field is its value and no name.
  const labelText = (label) => {
    const copy = label.cloneNode(true);
    for (const field of copy.querySelectorAll('select, textarea')) field.remove();
    return words(copy);
  };
  const ownName = (element) =>
    element.matches('table') ? element.caption !== null : !element.matches('select, textarea') && words(element) !== '';
  const named = (element) =>
    ['aria-label', 'aria-labelledby', 'alt'].some((name) => element.hasAttribute(name)) ||
    ownName(element) ||
    [...(element.labels ?? [])].some((label) => labelText(label) !== '');
  const nameless = [...document.querySelectorAll('button, a[href], input, select, textarea, summary, table, img, audio, meter, progress')]
    .filter((element) => element.checkVisibility() && !named(element))
    .map((element) => element.outerHTML.slice(0, 120));
  return { faint: [...faint], edgeless, nameless, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth };
})()`;
