/** What the label page sends along: the task, the label and the words that a rule is to be made of. */
export interface Arrival {
  readonly task: number;
  readonly label: string;
  /** Empty: words that announce the label are looked for in the task. */
  readonly words: string;
}

export function arrivalIn(address: Location): Arrival | null {
  const query = new URLSearchParams(address.search);
  const task = Number(query.get('task'));
  if (!Number.isInteger(task) || task < 1) return null;
  return { task, label: query.get('label') ?? '', words: query.get('words') ?? '' };
}
