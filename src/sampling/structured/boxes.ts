/** Images by the margins of their boxes: summed, averaged, or the worst box. */
import { marginScore } from '../acquisition.ts';
import { perItem, type StructuredScore } from './score.ts';

const SOURCE = 'Brust, Kaeding and Denzler, "Active learning for deep object detection" (2019)';

export const boxMarginSum = byMargin(
  'box-margin-sum',
  'Images with many unsure boxes; crowded images come first.',
  (sum) => sum,
);

export const boxMarginMean = byMargin(
  'box-margin-mean',
  'Images whose boxes are unsure on average, however many there are.',
  (sum, count) => sum / count,
);

export const boxMarginMax = byMargin(
  'box-margin-max',
  'Images with the single least sure box.',
  (_sum, _count, worst) => worst,
);

type Aggregate = (sum: number, count: number, worst: number) => number;

/** A detector that gives one score s per box (width 1) is held to have two classes, s and 1 - s. */
function byMargin(name: string, summary: string, aggregate: Aggregate): StructuredScore {
  const pair = new Float32Array(2);
  return {
    name,
    records: 'boxes',
    summary,
    source: SOURCE,
    of: (predictions) => {
      const { width } = predictions;
      const openness = (boxes: Float32Array, b: number): number => {
        if (width > 1) return marginScore(boxes.subarray(b * width, (b + 1) * width), width);
        pair[0] = boxes[b]!;
        pair[1] = 1 - boxes[b]!;
        return marginScore(pair, 2);
      };
      return perItem(predictions, (boxes, count) => {
        let [sum, worst] = [0, 0];
        for (let b = 0; b < count; b++) {
          const open = openness(boxes, b);
          sum += open;
          worst = Math.max(worst, open);
        }
        return aggregate(sum, count, worst);
      });
    },
  };
}
