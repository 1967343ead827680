/** Undo: what a revoked run wrote stays in the tables and is left out of every reading. */
import { type RawBuilder, sql } from 'kysely';

type RunColumn =
  | `${'tasks' | 'annotations' | 'predictions' | 'votes' | 'prediction_counts'}.run_id`
  | 'prediction_counts.task_run_id';

/**
 * True for rows that no run wrote or whose run still stands. The engine gathers the (few) revoked runs once per
 * statement, so this costs next to nothing per row.
 */
export function standing(runColumn: RunColumn) {
  const column = sql.ref(runColumn);
  const revoked = sql`select id from runs where revoked_at is not null`;
  return sql`(${column} is null or ${column} not in (${revoked}))` as RawBuilder<boolean>;
}
