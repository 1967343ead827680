/** Several methods as one: the geometric mean of what they say, and how far they agree with a choice. */
import { fromMass, labelsOf, type Spread } from './spread.ts';

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

/**
 * The spread with a new confidence: the mean probability that it and the `views` give to its label, 0..1; a silent view
 * gives none. Methods err in different places, so agreement ranks better than any one's own confidence
 * (docs/decisions/0011).
 */
export function withAgreement(spread: Spread, views: readonly Spread[]): Spread {
  const { classCount } = spread;
  const voices = [spread, ...views];
  const confidence = Float32Array.from(labelsOf(spread), (label, i) => {
    if (label < 0) return 0;
    let sum = 0;
    for (const voice of voices) sum += voice.probabilities[i * classCount + label]!;
    return sum / voices.length;
  });
  return { ...spread, confidence };
}

function speaks({ probabilities, classCount }: Spread, at: number): boolean {
  for (let c = 0; c < classCount; c++) if (probabilities[at + c]! > 0) return true;
  return false;
}
