/** Server-sent events read from a text stream; EventSource itself cannot send a token. */

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Splits what has arrived into whole events and the rest that waits for more. */
export function takeEvents(buffer: string): { events: ServerEvent[]; rest: string } {
  const blocks = buffer.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  return { events: blocks.map(parseBlock).filter((one) => one.data !== ''), rest };
}

function parseBlock(block: string): ServerEvent {
  const fields: Record<string, string[]> = {};
  for (const line of block.split('\n')) {
    const match = /^(id|event|data):\s?(.*)$/.exec(line);
    if (match === null) continue;
    fields[match[1]!] = [...(fields[match[1]!] ?? []), match[2]!];
  }
  return {
    id: fields.id?.at(-1) ?? '',
    event: fields.event?.at(-1) ?? 'message',
    data: (fields.data ?? []).join('\n'),
  };
}
