/** `LabelConfig` back to XML, and ready configs from a list of labels. */
import { AppError } from '../core/errors.ts';
import type { LabelConfig } from './model.ts';
import { parseLabelConfig } from './parse.ts';
import { escapeAttribute, renderXml } from './xml.ts';

/** Label Studio XML; `parseLabelConfig(renderLabelConfig(c))` equals `c`. */
export function renderLabelConfig(config: LabelConfig): string {
  return renderXml(config.document);
}

export interface ChoicesConfigOptions {
  /** In the order in which they are shown. */
  readonly labels: readonly string[];
  /** Data field that holds the text. */
  readonly field: string;
  readonly multiple?: boolean;
  /** Shown above the choices; none when left out. */
  readonly title?: string;
}

/** The keys that reach a label without leaving the home position, in the order in which labels get them. */
const HOTKEYS = [...'1234567890qwertyuiopasdfghjklzxcvbnm'];

/** The config behind `headstart label mails.csv --labels spam,ham`: one text, one list of choices with keys. */
export function makeChoicesConfig({ labels, field, multiple = false, title }: ChoicesConfigOptions): LabelConfig {
  const names = labels.map((label) => label.trim());
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (names.length < 1 || names.includes('') || repeated !== undefined) {
    const given = repeated === undefined ? JSON.stringify(labels) : `"${repeated}" twice`;
    const message = `Labels are a list of different, non-empty names; given: ${given}.`;
    throw new AppError('INPUT_BAD_FIELD', message, { details: { field: 'labels' } });
  }
  const text = escapeAttribute;
  const choices = names.map((name, i) => {
    const hotkey = i < HOTKEYS.length ? ` hotkey="${HOTKEYS[i]}"` : '';
    return `    <Choice value="${text(name)}"${hotkey}/>`;
  });
  const header = title === undefined ? [] : [`  <Header value="${text(title)}"/>`];
  const lines = [
    '<View>',
    ...header,
    `  <Text name="text" value="$${text(field)}"/>`,
    `  <Choices name="label" toName="text" choice="${multiple ? 'multiple' : 'single'}" required="true">`,
    ...choices,
    '  </Choices>',
    '</View>',
  ];
  return parseLabelConfig(lines.join('\n'));
}
