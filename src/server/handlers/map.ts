/** The map of the embeddings, in columns that cost nothing to write out and little to read. */
import type { App } from '../../app/app.ts';
import type { MapView } from '../../app/learning/map-api.ts';
import type { Handlers } from '../bind.ts';
import type { mapRoutes } from '../contract/map.ts';
import { jobWire } from '../wire-work.ts';

export function mapHandlers({ learning }: App): Handlers<keyof typeof mapRoutes> {
  return {
    mapDraw: async ({ params, body }) => jobWire(await learning.drawMap(params.project_id, body.anew ?? false)),
    async mapGet({ params }) {
      const map = await learning.map(params.project_id);
      return map ? mapWire(map) : null;
    },
    queueFirst: async ({ params, body }) => ({ queued: await learning.queueFirst(params.project_id, body.tasks) }),
  };
}

function mapWire({ drawn, embedder, unplaced, labels, taskIds, xy, given, suggested, unsure }: MapView) {
  return {
    drawn,
    embedder,
    n: taskIds.length,
    unplaced,
    labels: [...labels],
    tasks: base64(taskIds),
    xy: base64(xy),
    given: base64(given),
    suggested: base64(suggested),
    unsure: base64(unsure),
  };
}

/** Every machine that Node runs on here is little-endian. */
function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');
}
