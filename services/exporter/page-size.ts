import type { ProcessMetrics } from '../process/metrics';
import type { Seldom } from '../process/rare-warning';
import type { AskedPage } from './pages';
import { MAX_SHARDS } from './query';

/** vmagent refuses larger pages unless told otherwise; Prometheus has no limit of its own. */
const LARGE_PAGE_BYTES = 16 * 1024 * 1024;
/** The shards recommended are half as large, so that a fleet may grow before the next message. */
const SHARD_BYTES = LARGE_PAGE_BYTES / 2;

/**
 * Records how large the pages are that go out, and says when one has become larger than what all scrapers
 * accept.
 */
export type NotePageSize = (request: AskedPage, bytes: number) => void;

export function openPageSizes(metrics: Pick<ProcessMetrics, 'pageBytes'>, seldom: Seldom): NotePageSize {
  const large = new Set<string>();
  return ({ format, selection }, bytes) => {
    const part = partOf(selection);
    metrics.pageBytes.set({ part, format }, bytes);
    if (bytes <= LARGE_PAGE_BYTES) {
      large.delete(part);
      return;
    }
    if (large.has(part)) return;
    large.add(part);
    const shards = shardsFor(bytes, selection.shard?.count ?? 1);
    seldom.warn(
      { bytes, shards },
      'a page is larger than 16 MiB, above which vmagent refuses it: scrape it in so many shards (GET /v1/sd?shards=)',
    );
  };
}

function shardsFor(bytes: number, shards: number): number {
  return Math.min(MAX_SHARDS, Math.ceil((bytes / SHARD_BYTES) * shards));
}

/** Few enough values for a label; of shards, the first has all sums. */
function partOf({ project, scope, shard }: AskedPage['selection']): string {
  if (shard !== null) return shard.index === 0 ? 'first_shard' : 'shard';
  return project === null && scope === null ? 'whole' : 'projects';
}
