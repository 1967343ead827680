/** Which cards are selected, by keys and ranges: pure, so that it can be tested without a browser. */

export interface Selection {
  readonly chosen: ReadonlySet<number>;
  /** Where a range starts, and where the keyboard is; places in the list of cards. */
  readonly anchor: number;
  readonly at: number;
}

export const NOTHING_CHOSEN: Selection = { chosen: new Set(), anchor: 0, at: 0 };

/** A click or space on a place; with shift, everything from the anchor on gets what the place gets. */
export function toggle({ chosen, anchor }: Selection, ids: readonly number[], at: number, range: boolean): Selection {
  const next = new Set(chosen);
  const on = !chosen.has(ids[at]!);
  const [from, to] = range ? [Math.min(anchor, at), Math.max(anchor, at)] : [at, at];
  for (const id of ids.slice(from, to + 1)) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return { chosen: next, anchor: at, at };
}

/** An arrow key; with shift, what lies between is selected on the way. */
export function move(selection: Selection, ids: readonly number[], by: number, extend: boolean): Selection {
  const at = Math.max(0, Math.min(ids.length - 1, selection.at + by));
  if (!extend) return { ...selection, anchor: at, at };
  const next = new Set(selection.chosen);
  const [from, to] = [Math.min(selection.anchor, at), Math.max(selection.anchor, at)];
  for (const id of ids.slice(from, to + 1)) next.add(id);
  return { chosen: next, anchor: selection.anchor, at };
}

export function chooseAll(selection: Selection, ids: readonly number[]): Selection {
  return { ...selection, chosen: new Set(ids) };
}
