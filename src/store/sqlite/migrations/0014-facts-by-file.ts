/** Facts are looked up by file too: several tasks may show the same one. */

export const factsByFile = `
create index media_facts_version on media_facts (version);
`;
