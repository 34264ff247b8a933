import { openPages, type Answer, type Page, type Pages } from '../../services/exporter/pages';
import { openViews } from '../../services/exporter/views';
import { WHOLE_PAGE } from '../../services/page/selection';
import type { StateStore, Version } from '../../services/store/port';

/** An exporter, and what its pages were made of. */
export interface Replica {
  get(atMs: number | null): Promise<Scraped>;
  /** It writes, or is about to read: that takes turns of the real event loop. */
  isWriting(): boolean;
}

export interface Scraped {
  readonly page: Answer;
  /** Of a page. */
  readonly body: string | undefined;
  readonly versions: readonly Version[];
  readonly pageTimesMs: readonly number[];
}

export function openReplica(store: StateStore, sampleTtlMs: number): Replica {
  const views = openViews(store);
  let read: Omit<Scraped, 'page' | 'body'> = { versions: [], pageTimesMs: [] };
  let asked = 0;
  let isReading = false;
  const pages: Pages = openPages(
    {
      async refresh() {
        isReading = true;
        const refreshed = await views.refresh().finally(() => {
          isReading = false;
        });
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
        const { versions, pageTimesMs } = read;
        return { page, body: page.kind === 'page' ? await textOf(page) : undefined, versions, pageTimesMs };
      } finally {
        asked--;
      }
    },
    isWriting: () => asked > 0 && !isReading,
  };
}

async function textOf(page: Page): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of page.body()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
