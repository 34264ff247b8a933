import { openPages, type Page, type Pages } from '../../services/exporter/pages';
import { openViews } from '../../services/exporter/views';
import { WHOLE_PAGE } from '../../services/page/selection';
import type { StateStore, Version } from '../../services/store/port';

/** An exporter, and what its pages were made of. */
export interface Replica {
  get(atMs: number | null): Promise<Scraped>;
  /** It has read all, and writes: that takes turns of the real event loop. */
  isWriting(): boolean;
}

export interface Scraped {
  readonly page: Page;
  /** Of a page. */
  readonly body: string | undefined;
  readonly versions: readonly Version[];
  readonly pageTimesMs: readonly number[];
}

export function openReplica(store: StateStore, sampleTtlMs: number): Replica {
  const views = openViews(store);
  let read: Omit<Scraped, 'page' | 'body'> = { versions: [], pageTimesMs: [] };
  let asked = 0;
  let isReady = false;
  const pages: Pages = openPages(
    {
      async refresh() {
        isReady = false;
        const refreshed = await views.refresh();
        isReady = refreshed.kind === 'ready';
        if (refreshed.kind === 'ready') {
          const pageTimesMs = refreshed.views.map((view) => view.pageTimeMs);
          read = { versions: [...refreshed.versions], pageTimesMs };
        }
        return refreshed;
      },
    },
    sampleTtlMs,
  );
  return {
    async get(atMs) {
      asked++;
      try {
        const page = await pages.get({ format: 'text', atMs, selection: WHOLE_PAGE });
        return { page, body: page.kind === 'page' ? page.body().toString() : undefined, ...read };
      } finally {
        asked--;
      }
    },
    isWriting: () => isReady && asked > 0,
  };
}
