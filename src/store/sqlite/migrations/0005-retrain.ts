/** Retrain policies beside the count of answers: existing projects keep training by count, and learn to notice a drift. */

export const retrain = `
update projects set settings = json_set(
  settings, '$.retrainEveryVerified', 0, '$.retrainEveryHours', 0, '$.retrainOnDrift', json('true')
) where json_extract(settings, '$.retrainEveryVerified') is null;
`;
