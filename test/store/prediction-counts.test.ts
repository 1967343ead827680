/** A folder from before predictions were counted as they come: the step to this schema counts those that are there. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { predictionTotal } from '../../src/store/sql/prediction-counts.ts';
import { database } from '../../src/store/sqlite/dialect.ts';
import { migrate } from '../../src/store/sqlite/migrate.ts';
import { predictionCounts } from '../../src/store/sqlite/migrations/0013-prediction-counts.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations/index.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import { temporaryFolder } from './open-temp.ts';

it('counts what an older version has stored, and leaves out what was undone', async () => {
  const { folder, remove } = temporaryFolder();
  const connection = openDatabase(join(folder, 'store.sqlite'));
  try {
    const before = MIGRATIONS.indexOf(predictionCounts);
    for (const sql of MIGRATIONS.slice(0, before)) connection.exec(sql);
    connection.exec(`pragma user_version = ${before};
      insert into projects values (1, '', '', '', '', '{}', 0, '', '', null, null);
      insert into labelers values (1, 'model', 'theirs', '');
      insert into runs values (1, 1, 'import', null, '', '', '', 0, 0, '', null, null), (2, 1, 'rules', null, '', '', '', 0, 0, '', null, ''),
        (3, 1, 'import', null, '', '', '', 0, 0, '', null, '');
      insert into tasks values (1, 1, 1, 0, '{}', '{}', '', ''), (2, 1, 3, 1, '{}', '{}', '', '');
      insert into predictions (project_id, task_id, labeler_id, run_id, result, created_at)
        values (1, 1, 1, null, '[]', ''), (1, 1, 1, 1, '[]', ''), (1, 1, 1, 2, '[]', ''), (1, 2, 1, null, '[]', '');`);
    migrate(connection);
    expect(await predictionTotal.first(database(connection), { projectId: 1 })).toEqual({ total: 2 });
  } finally {
    connection.close();
    remove();
  }
});
