/** What a colour on the map stands for: a group per point, and a name, a colour and a count per group. */
import type { MapData } from './api.ts';

export type ColourBy = 'given' | 'suggested' | 'unsure' | 'open';

export interface Groups {
  /** (n) group of each point; group 0 is drawn first, under the others. */
  readonly of: Uint8Array;
  readonly legend: readonly { readonly name: string; readonly colour: string; readonly count: number }[];
}

/** Okabe and Ito's colours for all kinds of sight, and two more that stand apart from them on light and dark ground. */
const LABELS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c564b', '#9467bd', '#b5bd00'];
const MANY = '#6f4e37';
const NONE = '#9aa0a8';
/** From sure to unsure. */
const RAMP = ['#2c7bb6', '#00a6ca', '#7fbf7b', '#f0b323', '#e8743b', '#c7252b'];
const NO_NUMBER = 255;

export function groupsOf(map: MapData, by: ColourBy): Groups {
  if (by === 'unsure') return unsureGroups(map);
  if (by === 'open') {
    return counted(
      map.given.map((label) => (label < 0 ? 0 : 1)),
      ['nobody has answered', 'answered'],
      [LABELS[0]!, LABELS[1]!],
    );
  }
  return labelGroups(map, map[by], by === 'given' ? 'nobody has answered' : 'no suggestion');
}

/** The most frequent labels have colours of their own; beyond those nobody could tell them apart. */
function labelGroups({ labels }: MapData, column: Int16Array, none: string): Groups {
  const counts = new Array<number>(labels.length).fill(0);
  for (const label of column) if (label >= 0) counts[label]! += 1;
  const frequent = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, LABELS.length);
  const shown = frequent.sort((a, b) => a - b);
  const group = new Uint8Array(labels.length).fill(1 + shown.length);
  for (const [place, label] of shown.entries()) group[label] = 1 + place;
  const names = [none, ...shown.map((label) => labels[label]!), 'other labels'];
  const colours = [NONE, ...shown.map((_, place) => LABELS[place]!), MANY];
  return counted(
    column.map((label) => (label < 0 ? 0 : group[label]!)),
    names,
    colours,
  );
}

function unsureGroups({ unsure }: MapData): Groups {
  const steps = RAMP.length;
  const percent = (step: number): number => Math.round((100 * step) / steps);
  const names = ['no number', ...RAMP.map((_, step) => `${percent(step)} to ${percent(step + 1)} % unsure`)];
  const of = Uint8Array.from(unsure, (value) =>
    value === NO_NUMBER ? 0 : 1 + Math.min(steps - 1, Math.floor((value * steps) / (NO_NUMBER - 1))),
  );
  return counted(of, names, [NONE, ...RAMP]);
}

function counted(of: ArrayLike<number>, names: readonly string[], colours: readonly string[]): Groups {
  const counts = new Array<number>(names.length).fill(0);
  const groups = Uint8Array.from(of);
  for (const group of groups) counts[group]! += 1;
  return { of: groups, legend: names.map((name, i) => ({ name, colour: colours[i]!, count: counts[i]! })) };
}
