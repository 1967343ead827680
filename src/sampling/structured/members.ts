/** Numbers by the disagreement of a committee: what its members predict differently is not settled by the data. */
import { perItem, type StructuredScore } from './score.ts';

export const committeeVariance: StructuredScore = {
  name: 'committee-variance',
  records: 'members',
  summary: 'Items whose number the members of a committee predict differently.',
  source: 'Burbidge, Rowland and King, "Active learning for regression based on query by committee" (2007)',
  of: (predictions) => {
    const { width } = predictions;
    return perItem(predictions, (members, count) => {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += variance(members, c, width, count);
      return sum / width;
    });
  },
};

/** Of one column, over the members; from the mean, since numbers may be large and close together. */
function variance(members: Float32Array, column: number, width: number, count: number): number {
  let mean = 0;
  for (let m = 0; m < count; m++) mean += members[m * width + column]! / count;
  let sum = 0;
  for (let m = 0; m < count; m++) sum += (members[m * width + column]! - mean) ** 2;
  return sum / count;
}
