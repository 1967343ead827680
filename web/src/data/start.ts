/** What a new project begins with: the config for a kind of data, and the files that are items themselves. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';

/** A config for one field shown by `tag`, and one choice per label. */
export function choicesConfig(tag: 'Text' | 'Image' | 'Audio', field: string, labels: readonly string[]): string {
  const name = tag.toLowerCase();
  const choices = labels.map((label) => `    <Choice value="${escapeXml(label)}"/>`).join('\n');
  return `<View>
  <${tag} name="${name}" value="$${escapeXml(field)}"/>
  <Choices name="label" toName="${name}" choice="single">
${choices}
  </Choices>
</View>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The tag that shows these files, each an item of its own; null when they are files of rows. */
export function mediaTag(files: readonly File[]): 'Image' | 'Audio' | null {
  const all = (kind: string): boolean => files.length > 0 && files.every((file) => file.type.startsWith(`${kind}/`));
  return all('image') ? 'Image' : all('audio') ? 'Audio' : null;
}

/** Only pictures or only sounds may come together; null when that is so. */
export function problemWith(files: readonly File[]): string | null {
  if (files.length < 2 || mediaTag(files) !== null) return null;
  return 'Take one file of rows, or any number of pictures, or of sounds.';
}

/** One item per file, all of them or none. */
export function addMedia(project: number, files: readonly File[]): Promise<Reply<'uploadsCreate'>> {
  const body = new FormData();
  for (const file of files) body.append('file', file, file.name);
  return call('POST', `/api/projects/${project}/uploads?as_tasks=true`, { body });
}
