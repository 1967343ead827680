/** The example projects of Label Studio: what is wrong with the saved results of five; nothing else is refused. */
export const WRONG_EXAMPLES: Readonly<Record<string, string>> = {
  classification_mixed: 'from_name "tag" is no control of the config',
  image_magic_wand: 'from_name "magicwand_tool_1" is no control of the config',
  image_ocr: 'from_name "tag" is no control of the config',
  rich_text_plain: '"Date" is no label of "label"',
  table_csv: 'to_name "menu" is not labeled by "sub"',
};
