/** Requests of the bulk page; apart from the others, so that annotators never load them. */
import type { Body, Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';
import type { Job } from '../wire.ts';

export type Plan = NonNullable<Reply<'spreadPlan'>>;
export type Card = Reply<'spreadCards'>['cards'][number];
export type Sample = Reply<'spreadSample'>;
export type Copies = NonNullable<Reply<'duplicatesGet'>>;
export type CopyGroup = Copies['groups'][number];
export type Annotation = Reply<'projectAnnotations'>[number];
export type Region = Annotation['result'][number];
export type SpanRequest = NonNullable<Body<'spanSpread'>>;

/** Where the words of a span occur again; some of the places. */
export interface SpanPreview {
  readonly tasks: number;
  readonly spans: number;
  readonly examples: readonly {
    readonly task: number;
    readonly before: string;
    readonly words: string;
    readonly after: string;
    /** Further places in the same task. */
    readonly more: number;
  }[];
}

export interface CardFilter {
  readonly source: 'all' | 'proposals' | 'similar' | 'cluster' | 'map';
  readonly task?: number;
  readonly cluster?: number;
  /** Corners of an area, and of which drawing of the map it is. */
  readonly area?: string;
  readonly drawn?: string;
  readonly label?: string;
  readonly least?: number;
  readonly text?: string;
}

export interface Item {
  readonly task: number;
  readonly labels: readonly string[];
}

const base = (projectId: number): string => `/api/projects/${projectId}/spread`;
const POLL_MS = 250;
/** The server's page size at most. */
const PAGE = 500;

export const bulkApi = {
  /** Null before a preview. */
  plan: async (id: number) => (await call<Plan | undefined>('GET', base(id))) ?? null,
  preview: (id: number) => run(call<Job>('POST', `${base(id)}/preview`, { body: {} })),
  apply: (id: number) => run(call<Job>('POST', `${base(id)}/apply`, { body: {} })),
  verify: (id: number) => call<{ queued: number }>('POST', `${base(id)}/verify`, { body: {} }),
  cards: (id: number, filter: CardFilter, offset: number, limit: number) =>
    call<Reply<'spreadCards'>>('GET', `${base(id)}/cards?${search({ ...filter, offset, limit })}`),
  sample: (id: number, filter: CardFilter) => call<Sample>('GET', `${base(id)}/sample?${search({ ...filter })}`),
  label: (id: number, items: readonly Item[]) => run(call<Job>('POST', `${base(id)}/label`, { body: { items } })),
  findCopies: (id: number) => run(call<Job>('POST', `${base(id)}/duplicates`)),
  /** Null before they were looked for. */
  copies: async (id: number) => (await call<Copies | undefined>('GET', `${base(id)}/duplicates`)) ?? null,
  keepOne: (id: number, task: number) => run(call<Job>('POST', `${base(id)}/duplicates/keep`, { body: { task } })),
  async newestAnnotations(id: number): Promise<readonly Annotation[]> {
    const { total_annotations_number: given = 0, skipped_annotations_number: skipped = 0 } = await call<
      Reply<'projectGet'>
    >('GET', `/api/projects/${id}`);
    const page = Math.max(1, Math.ceil((given + skipped) / PAGE));
    return call<Reply<'projectAnnotations'>>('GET', `/api/projects/${id}/annotations?page=${page}&page_size=${PAGE}`);
  },
  async previewSpan(id: number, request: SpanRequest): Promise<SpanPreview> {
    const body = { ...request, preview: true };
    return (await run(call<Job>('POST', `${base(id)}/spans`, { body }))).output as unknown as SpanPreview;
  },
  spreadSpan: (id: number, request: SpanRequest) => run(call<Job>('POST', `${base(id)}/spans`, { body: request })),

  /** Everything that a filter names, page by page. */
  async all(id: number, filter: CardFilter): Promise<Card[]> {
    const cards: Card[] = [];
    for (;;) {
      const page = await bulkApi.cards(id, filter, cards.length, PAGE);
      cards.push(...page.cards);
      if (page.cards.length === 0 || cards.length >= page.total) return cards;
    }
  },
};

function search(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

/** The job when it has ended well; throws what it failed with. */
async function run(started: Promise<Job>): Promise<Reply<'jobGet'>> {
  const { id } = await started;
  for (;;) {
    const job = await call<Reply<'jobGet'>>('GET', `/api/jobs/${id}`);
    if (job.state === 'done') return job;
    if (job.state === 'failed' || job.state === 'cancelled') {
      throw new Error(job.error?.detail ?? `The work was ${job.state}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
