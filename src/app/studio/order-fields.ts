/** Fields of the data over there that hold the order of the queue: ours to write, and no data to anybody here. */
import type { Connection, ConnectionSettings } from '../../core/connection.ts';
import { AppError } from '../../core/errors.ts';
import { type LabelConfig, requiredFields } from '../../labelconfig/index.ts';
import type { Store } from '../../store/store.ts';

/** Nobody else calls a field so: what comes back with it, also to another connection, is known for ours. */
const ORDER_FIELD = 'headstart_order';

/** Tasks per look at the store. */
const PAGE = 500;

/** What a connection is told apart by from others to the same project over there. */
export type Place = Pick<Connection, 'projectId' | 'url' | 'offeredUrl' | 'studioProject' | 'settings'>;

/** The field that the order is written into. */
export function orderFieldOf({ settings }: Pick<Connection, 'settings'>): string {
  return settings.orderField ?? ORDER_FIELD;
}

/** Fields that were found free and written into. Connections from before this was kept wrote into the one they name. */
export function takenFields({ takenFields: taken, orderField }: ConnectionSettings): readonly string[] {
  return taken ?? (orderField === null ? [] : [orderField]);
}

/** All that this connection, or another one to the same project over there, wrote an order into. */
export async function orderFields(store: Store, place: Place): Promise<ReadonlySet<string>> {
  const all = [place, ...(await others(store, place))];
  return new Set([ORDER_FIELD, ...all.flatMap(({ settings }) => takenFields(settings))]);
}

async function others(store: Store, place: Place): Promise<Place[]> {
  const { studioProject } = place;
  if (studioProject === null) return [];
  const server = ({ url, offeredUrl }: Place) => url ?? offeredUrl;
  const all = await store.studio.list();
  return all.filter((one) => one.studioProject === studioProject && server(one) === server(place));
}

/** Throws CONFLICT for a chosen field that people show, or that tasks carry as their data. */
export async function checkOrderField(store: Store, place: Place, config: LabelConfig): Promise<void> {
  const field = place.settings.orderField;
  if (field === null) return;
  if (requiredFields(config).includes(field)) throw theirs(field, 'is shown by the label config');
  if ((await orderFields(store, place)).has(field)) return;
  for (const id of new Set([place, ...(await others(store, place))].map((one) => one.projectId))) {
    for (let after = 0; ; ) {
      const tasks = await store.tasks.list(id, { after, limit: PAGE });
      const task = tasks.find(({ data }) => Object.hasOwn(data, field));
      if (task) throw theirs(field, `holds data of task ${task.id}`);
      if (tasks.length < PAGE) break;
      after = tasks.at(-1)!.id;
    }
  }
}

/** Nothing of it may be overwritten. */
export function theirs(field: string, why: string): AppError {
  return new AppError('CONFLICT', `"${field}" ${why}; write the order into a field (order_field) that nobody uses.`, {
    details: { field: 'order_field' },
  });
}
