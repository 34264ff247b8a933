import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { writePage } from '../page/page';
import type { PageRequest } from '../page/request';
import type { PartitionView } from '../view/view';
import type { Version } from '../store/port';
import type { Refreshed, Views } from './views';

/**
 * Pages by request. A scrape shares only a round of reading the store that began after the scrape did, so that its page is never
 * older than one that any replica finished before; within a round, and as long as nothing was committed, a page is written once.
 */
export interface Pages {
  get(request: AskedPage): Promise<Page>;
  /** Reads what is committed now; not to be kept or read after it has returned, since it is brought up to date in place. */
  read<T>(reader: (refreshed: Refreshed) => T): Promise<T>;
}

export type AskedPage = Omit<PageRequest, 'sampleTtlMs' | 'onLeftOut'>;

export type Page =
  | { readonly kind: 'page'; readonly etag: string; body(): Buffer; gzipped(): Promise<Buffer> }
  /** The moment asked for is one that the page can't be written as of. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What waits for a round: it is answered from what the round has read. */
interface Asked {
  readonly answer: (refreshed: Refreshed) => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** Pages kept of the versions rendered last: a scraper each for both formats, and some narrowed ones. */
const KEPT_PAGES = 8;

export function openPages(
  views: Views,
  sampleTtlMs: number,
  onLeftOut: PageRequest['onLeftOut'] = () => undefined,
): Pages {
  let asked: Asked[] = [];
  let isRunning = false;
  const kept = new Map<string, Page>();

  async function runRounds(): Promise<void> {
    isRunning = true;
    while (asked.length > 0) {
      const round = asked;
      asked = [];
      try {
        await answerRound(round);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    isRunning = false;
  }

  async function answerRound(round: readonly Asked[]): Promise<void> {
    const refreshed = await views.refresh();
    for (const { answer } of round) await answer(refreshed);
  }

  function ask<T>(answer: (refreshed: Refreshed) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      asked.push({
        answer: async (refreshed) => {
          resolve(await answer(refreshed));
        },
        reject,
      });
      if (!isRunning) void runRounds();
    });
  }

  async function pageOf(
    request: AskedPage,
    partitions: readonly PartitionView[],
    versions: readonly Version[],
  ): Promise<Page> {
    const reason = request.atMs === null ? undefined : tooEarly(request.atMs, partitions);
    if (reason !== undefined) return { kind: 'refused', reason };
    const etag = etagOf(request, versions);
    const known = kept.get(etag);
    if (known !== undefined) return known;
    const page = pageFrom(etag, await writeAll(partitions, { ...request, sampleTtlMs, onLeftOut }));
    kept.set(etag, page);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_PAGES) break;
      kept.delete(oldest);
    }
    return page;
  }

  return {
    get: (request) =>
      ask((refreshed) =>
        refreshed.kind === 'ready' ? pageOf(request, refreshed.views, refreshed.versions) : refreshed,
      ),
    read: ask,
  };
}

/** The same versions and request give the same tag from any replica. */
function etagOf(request: AskedPage, versions: readonly Version[]): string {
  const of = JSON.stringify([request, versions.map(({ epoch, counter }) => [epoch, counter])]);
  return `"${createHash('sha256').update(of).digest('base64url').slice(0, 24)}"`;
}

/** Gives way between chunks: the views stand still until the page is written, since rounds follow each other. */
async function writeAll(partitions: readonly PartitionView[], request: PageRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (const chunk of writePage(partitions, request)) {
    chunks.push(Buffer.from(chunk));
    await breathe();
  }
  return Buffer.concat(chunks);
}

const compress = promisify(gzip);

function pageFrom(etag: string, body: Buffer): Page {
  let gzipped: Promise<Buffer> | undefined;
  return {
    kind: 'page',
    etag,
    body: () => body,
    gzipped: () => (gzipped ??= compress(body, { level: 1 })),
  };
}

/** The ledger as of a moment needs all that is known by then: what is committed must not be of a later one. */
function tooEarly(atMs: number, partitions: readonly PartitionView[]): string | undefined {
  const pageTimeMs = Math.max(...partitions.map((view) => view.pageTimeMs));
  const newestMs = Math.max(...partitions.map((view) => view.newestTakenMs ?? -Infinity));
  const earliestMs = Math.max(pageTimeMs, newestMs);
  if (atMs >= earliestMs) return undefined;
  const what = newestMs > pageTimeMs ? 'the newest event' : 'page time';
  return `at: ${new Date(atMs).toISOString()}, expected a time from ${new Date(earliestMs).toISOString()} (${what}) on`;
}
