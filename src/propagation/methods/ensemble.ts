/** Several methods as one: the geometric mean of what they say. */
import { fromMass, type Spread } from './spread.ts';

/** A method that rules a class out entirely must not outvote all others. */
const FLOOR = 1e-4;

/** Where a member says nothing the others decide; where all are silent so is the ensemble. */
export function geometricMean(members: readonly Spread[]): Spread {
  const { classCount, probabilities } = members[0]!;
  const mass = new Float32Array(probabilities.length);
  for (let at = 0; at < mass.length; at += classCount) {
    const speaking = members.filter((member) => speaks(member, at));
    if (speaking.length === 0) continue;
    for (let c = 0; c < classCount; c++) {
      let sum = 0;
      for (const member of speaking) sum += Math.log(member.probabilities[at + c]! + FLOOR);
      mass[at + c] = Math.exp(sum / speaking.length);
    }
  }
  return fromMass(mass, classCount);
}

function speaks({ probabilities, classCount }: Spread, at: number): boolean {
  for (let c = 0; c < classCount; c++) if (probabilities[at + c]! > 0) return true;
  return false;
}
