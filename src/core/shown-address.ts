/** Addresses as they may be shown: paths and queries carry keys, so host and file name only. */

/** `https://host/…/model.onnx`; of what is no address nothing is shown. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return 'The address';
  const { protocol, host, pathname } = new URL(url);
  const name = pathname.split('/').at(-1) ?? '';
  return `${protocol}//${host}/…/${name}`;
}
