/** Flags that verbs share. */
import { type Command, InvalidArgumentError } from 'commander';

/** `--data`, `--json`, `--log`: what every verb that needs a server takes. */
export function withCommon(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder (default: HEADSTART_DATA or ~/.headstart)')
    .option('--json', 'JSON lines instead of a table (the default into a pipe)')
    .option('--log <level>', 'debug, info, warn, error or silent');
}

export function withAddress(command: Command): Command {
  return command
    .option('--host <address>', 'address to listen on; anything but loopback needs tokens')
    .option('--port <number>', 'port to listen on; 0 picks a free one')
    .option('--hosts <number>', 'inference processes (default: one per core)');
}

/** A whole number above zero. */
export function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above 0 is wanted.');
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('a number from 0 to 1 is wanted.');
}

/** `spam,ham` -> two labels. */
export function labelList(text: string): string[] {
  const labels = text.split(',').map((label) => label.trim());
  if (labels.length > 0 && labels.every((label) => label !== '')) return labels;
  throw new InvalidArgumentError('labels are names with commas between them, like spam,ham.');
}

/** `margin, uncertainty-herding:3, random:1` -> a strategy and a blend: neighbours with weights belong together. */
export function strategyList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new InvalidArgumentError('strategies are names with commas between them.');
  const list: string[] = [];
  parts.forEach((part, i) => {
    const joins = part.includes(':') && parts[i - 1]?.includes(':');
    list.push(joins ? `${list.pop()}, ${part}` : part);
  });
  return list;
}
