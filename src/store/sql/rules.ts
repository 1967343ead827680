/** Rule documents, version by version, and the rule versions that have failed. */
import { isoTime } from '../../core/clock.ts';
import type { RuleDocument } from '../../core/domain.ts';
import type { PlainError } from '../../core/errors.ts';
import type { RuleStore } from '../ports/rules.ts';
import type { Context } from './context.ts';
import { chunks } from './engine.ts';
import { requireProject } from './projects.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import { toRuleDocument, toRuleHead } from './rows.ts';
import type { Database } from './schema.ts';

const byNumber = query<{ projectId: number; number: number }>()((db, p) =>
  db.selectFrom('rule_documents').selectAll().where('project_id', '=', p.projectId).where('number', '=', p.number),
);

const newest = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('rule_documents').selectAll().where('project_id', '=', p.projectId).orderBy('number', 'desc').limit(1),
);

const heads = query<{ projectId: number }>()((db, p) =>
  db
    .selectFrom('rule_documents')
    .select(['id', 'project_id', 'number', 'version', 'rule_count', 'patterns', 'created_at'])
    .where('project_id', '=', p.projectId)
    .orderBy('number'),
);

const faults = query<{ projectId: number }>()((db, p) =>
  db
    .selectFrom('rule_faults')
    .select(['labeler_id', 'error'])
    .where('project_id', '=', p.projectId)
    .orderBy('labeler_id'),
);

const clearFaults = listQuery<{ projectId: number }>()((db, ids, p) =>
  db.deleteFrom('rule_faults').where('project_id', '=', p.projectId).where('labeler_id', 'in', ids),
);

export function ruleStore({ engine, clock }: Context): RuleStore {
  const { reader } = engine;
  return {
    add: (document) => engine.write((db) => add(db, document, isoTime(clock))),
    get: async (projectId, number) => {
      const row = await byNumber.first(reader, { projectId, number });
      return row && toRuleDocument(row);
    },
    newest: async (projectId) => {
      const row = await newest.first(reader, { projectId });
      return row && toRuleDocument(row);
    },
    list: async (projectId) => (await heads.all(reader, { projectId })).map(toRuleHead),
    faults: async (projectId) =>
      (await faults.all(reader, { projectId })).map((row) => ({
        labelerId: row.labeler_id,
        error: JSON.parse(row.error) as PlainError,
      })),
    addFault: (projectId, labelerId, error) =>
      engine.write(async (db) => {
        await db
          .insertInto('rule_faults')
          .values({
            project_id: projectId,
            labeler_id: labelerId,
            error: JSON.stringify(error),
            created_at: isoTime(clock),
          })
          .onConflict((conflict) => conflict.columns(['project_id', 'labeler_id']).doNothing())
          .execute();
      }),
    clearFaults: (projectId, labelerIds) =>
      engine.write(async (db) => {
        for (const ids of chunks(labelerIds, LIST_MAX)) await clearFaults.run(db, { projectId }, ids);
      }),
  };
}

type NewDocument = Parameters<RuleStore['add']>[0];

async function add(db: Database, document: NewDocument, now: string): Promise<RuleDocument> {
  await requireProject(db, document.projectId);
  const last = await newest.first(db, document);
  const lists = JSON.stringify(document.lists);
  if (last && last.text === document.text && last.lists === lists && last.version === document.version) {
    return toRuleDocument(last);
  }
  const row = await db
    .insertInto('rule_documents')
    .values({
      project_id: document.projectId,
      number: (last?.number ?? 0) + 1,
      version: document.version,
      text: document.text,
      lists,
      rule_count: document.ruleCount,
      patterns: JSON.stringify(document.patterns),
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRuleDocument(row);
}
