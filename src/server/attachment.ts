/** File names in Content-Disposition: a plain one for old clients, the real one encoded. */

/** @returns the parameters `filename` and `filename*`. */
export function attachmentName(name: string): string {
  const plain = name.replace(/[^\w.() -]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `filename="${plain}"; filename*=UTF-8''${encoded}`;
}
