/** What blind answers said before they were settled in sight of a suggestion: figures stand on what was given unaided. */

export const blindResults = `
alter table annotations add column blind_result text;
`;
