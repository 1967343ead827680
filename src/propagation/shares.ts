/** Class shares: do verified items contradict what a method predicts, and the same method pulled to the shares seen. */
import { fromMass, labelsOf, type Spread } from './methods/spread.ts';
import type { Verified } from './verified.ts';

export interface ShareTest {
  /** Pearson's chi-square of the verified classes against the predicted shares. */
  readonly statistic: number;
  readonly degrees: number;
  /** Beyond the 99 % point: the shares are wrong. */
  readonly rejected: boolean;
}

/** Standard normal point of the test, one-sided 1 %: on balanced sets a needless correction costs 1 to 6 points. */
const Z_REJECT = 2.326;
/** Rarer classes are tested together: the chi-square law is no good for smaller cells. */
const EXPECTED_MIN = 5;
const ROUNDS = 30;

/** Tests the shares of predicted labels over all items against the classes of verified ones. */
export function testShares(spread: Spread, verified: Verified): ShareTest {
  const total = verified.items.length;
  const predicted = new Float64Array(spread.classCount);
  let spoken = 0;
  for (const label of labelsOf(spread)) {
    if (label < 0) continue;
    predicted[label]!++;
    spoken++;
  }
  const seen = countClasses(verified, spread.classCount);
  const cells: [expected: number, seen: number][] = [];
  const rare: [expected: number, seen: number] = [0, 0];
  for (let c = 0; c < spread.classCount; c++) {
    const expected = spoken > 0 ? (total * predicted[c]!) / spoken : 0;
    if (expected >= EXPECTED_MIN) cells.push([expected, seen[c]!]);
    else {
      rare[0] += expected;
      rare[1] += seen[c]!;
    }
  }
  // Classes that are hardly predicted may still turn up: half an item keeps the statistic finite.
  if (rare[0] + rare[1] > 0) cells.push([Math.max(0.5, rare[0]), rare[1]]);
  const statistic = cells.reduce((sum, [expected, count]) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = cells.length - 1;
  return { statistic, degrees, rejected: degrees > 0 && statistic > chiSquarePoint(degrees) };
}

/** Wilson and Hilferty, 1931: cube roots of chi-squares are nearly normal. */
function chiSquarePoint(degrees: number): number {
  const variance = 2 / (9 * degrees);
  return degrees * (1 - variance + Z_REJECT * Math.sqrt(variance)) ** 3;
}

/** The spread with its columns re-weighted until the classes have the (smoothed) shares of the verified items. */
export function correctShares(spread: Spread, verified: Verified): Spread {
  const { classCount, probabilities } = spread;
  const goal = countClasses(verified, classCount).map((count) => (count + 1) / (verified.items.length + classCount));
  let corrected = spread;
  const weights = new Float64Array(classCount).fill(1);
  for (let round = 0; round < ROUNDS; round++) {
    const mass = columnMass(corrected);
    for (let c = 0; c < classCount; c++) if (mass[c]! > 0) weights[c]! *= goal[c]! / mass[c]!;
    corrected = fromMass(
      probabilities.map((p, at) => p * weights[at % classCount]!),
      classCount,
    );
  }
  return corrected;
}

function columnMass({ probabilities, classCount }: Spread): Float64Array {
  const mass = new Float64Array(classCount);
  let total = 0;
  for (let at = 0; at < probabilities.length; at++) {
    mass[at % classCount]! += probabilities[at]!;
    total += probabilities[at]!;
  }
  return mass.map((value) => (total > 0 ? value / total : 0));
}

function countClasses({ classes }: Verified, classCount: number): Float64Array {
  const counts = new Float64Array(classCount);
  for (let v = 0; v < classes.length; v++) counts[classes[v]!]!++;
  return counts;
}
