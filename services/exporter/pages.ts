import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Piece } from '../page/block';
import { openLayout } from '../page/layout';
import type { Layout } from '../page/layout';
import { writePieces } from '../page/page';
import type { PageRequest } from '../page/request';
import type { Version } from '../store/port';
import type { PartitionView } from '../view/view';
import { gzipPieces } from './gzip';
import { openRounds } from './rounds';
import { openTape } from './tape';
import type { Tape } from './tape';
import type { Refreshed, Views } from './views';

/**
 * Pages by request. A scrape shares only a round of reading the store that began after the scrape did, so
 * that its page is never older than one that any replica finished before. Within a round, and as long as
 * nothing was committed and somebody still reads it, a page is written once. It goes out while it is written;
 * nothing is kept of it when all have read it.
 */
export interface Pages {
  get(request: AskedPage): Promise<Answer>;
  /**
   * Reads what is committed now, with the layout of its pages; neither must be used after it has returned,
   * since they are updated in place.
   */
  read<T>(reader: (refreshed: Refreshed, layout: Layout) => T): Promise<T>;
}

export type AskedPage = Omit<PageRequest, 'sampleTtlMs' | 'onLeftOut'>;

export type Answer =
  | Page
  /** The page can't be written as of the moment asked for. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface Page {
  readonly kind: 'page';
  readonly etag: string;
  body(): AsyncIterable<Buffer>;
  gzipped(): AsyncIterable<Buffer>;
  /** How large it is, once written; null: its reader had gone before. */
  readonly bytes: Promise<number | null>;
}

export function openPages(
  views: Views,
  sampleTtlMs: number,
  onLeftOut: PageRequest['onLeftOut'] = () => undefined,
): Pages {
  const rounds = openRounds(views);
  const layout = openLayout();
  const open = new Map<string, OpenPage>();

  async function answerPage(
    request: AskedPage,
    refreshed: Refreshed,
    resolve: (answer: Answer) => void,
  ): Promise<void> {
    if (refreshed.kind !== 'ready') {
      resolve(refreshed);
      return;
    }
    const reason = request.atMs === null ? undefined : tooEarly(request.atMs, refreshed.views);
    if (reason !== undefined) {
      resolve({ kind: 'refused', reason });
      return;
    }
    const etag = etagOf(request, refreshed.versions);
    const known = open.get(etag);
    if (known !== undefined) {
      resolve(known.page);
      return;
    }
    const page = openPage(etag, () => open.delete(etag));
    open.set(etag, page);
    resolve(page.page);
    await writeTo(page, refreshed.views, { ...request, sampleTtlMs, onLeftOut }, layout);
    if (!page.isRead()) open.delete(etag);
  }

  return {
    get: (request) => rounds.ask((refreshed, resolve) => answerPage(request, refreshed, resolve)),
    read: (reader) =>
      rounds.ask((refreshed, resolve) => {
        resolve(reader(refreshed, layout));
        return Promise.resolve();
      }),
  };
}

/** The same versions and request give the same tag from any replica. */
function etagOf(request: AskedPage, versions: readonly Version[]): string {
  const of = JSON.stringify([request, versions.map(({ epoch, counter }) => [epoch, counter])]);
  return `"${createHash('sha256').update(of).digest('base64url').slice(0, 24)}"`;
}

interface OpenPage {
  readonly page: Page;
  readonly tape: Tape<Piece>;
  isRead(): boolean;
  /** Whoever read it has gone. While it is written it has one reader: others get it when it is there. */
  isLeft(): boolean;
}

/** @param onLeft called when the last reader has gone and everything is written */
function openPage(etag: string, onLeft: () => void): OpenPage {
  const tape = openTape<Piece>();
  let length = 0;
  let readers = 0;
  let isLeft = false;
  let isWritten = false;
  let isWhole = false;
  let plain: Tape<Buffer> | undefined;
  let gzipped: Tape<Buffer> | undefined;

  async function* read(chunks: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    readers++;
    isLeft = false;
    try {
      yield* chunks();
    } finally {
      readers--;
      isLeft = readers === 0;
      if (isLeft && isWritten) onLeft();
    }
  }

  const page: Page = {
    kind: 'page',
    etag,
    body: () => read(() => (plain ??= copied(wholeBytes(tape.read()))).read()),
    gzipped: () => read(() => (gzipped ??= copied(gzipPieces(tape.read()))).read()),
    bytes: tape.ended.then(() => (isWhole ? length : null)),
  };
  const counted = {
    ...tape,
    push(piece: Piece) {
      length += piece.bytes.length;
      tape.push(piece);
    },
    end(error?: Error) {
      isWritten = true;
      isWhole = error === undefined;
      tape.end(error);
    },
  };
  return { page, tape: counted, isRead: () => readers > 0, isLeft: () => isLeft };
}

/** How long the event loop may be blocked. */
const HELD_MS = 4;

/** The views don't change until the page is written, since rounds follow each other. */
async function writeTo(
  page: OpenPage,
  views: readonly PartitionView[],
  request: PageRequest,
  layout: Layout,
): Promise<void> {
  try {
    let sinceMs = performance.now();
    for (const piece of writePieces(views, request, layout)) {
      page.tape.push(piece);
      if (performance.now() - sinceMs < HELD_MS) continue;
      await breathe();
      if (page.isLeft()) {
        page.tape.end(new Error('nobody reads it any more'));
        return;
      }
      sinceMs = performance.now();
    }
    page.tape.end();
  } catch (error) {
    page.tape.end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** So that all readers share what is made only once. */
function copied(chunks: AsyncIterable<Buffer>): Tape<Buffer> {
  const tape = openTape<Buffer>();
  void (async () => {
    try {
      for await (const chunk of chunks) tape.push(chunk);
      tape.end();
    } catch (error) {
      tape.end(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  return tape;
}

/**
 * Buffers of at least this many bytes go out as they are; smaller ones are joined, since each write has a
 * cost.
 */
const LARGE_BYTES = 32 * 1024;

async function* wholeBytes(pieces: AsyncIterable<Piece>): AsyncGenerator<Buffer> {
  let small: Buffer[] = [];
  let length = 0;
  for await (const { bytes } of pieces) {
    const isLarge = bytes.length >= LARGE_BYTES;
    if (small.length > 0 && (isLarge || length >= 2 * LARGE_BYTES)) {
      yield Buffer.concat(small);
      [small, length] = [[], 0];
    }
    if (isLarge) yield bytes;
    else {
      small.push(bytes);
      length += bytes.length;
    }
  }
  if (small.length > 0) yield Buffer.concat(small);
}

/** The ledger as of a moment needs everything known by then: what is committed must not be of a later one. */
function tooEarly(atMs: number, partitions: readonly PartitionView[]): string | undefined {
  const pageTimeMs = Math.max(...partitions.map((view) => view.pageTimeMs));
  const newestMs = Math.max(...partitions.map((view) => view.newestTakenMs ?? -Infinity));
  const earliestMs = Math.max(pageTimeMs, newestMs);
  if (atMs >= earliestMs) return undefined;
  const what = newestMs > pageTimeMs ? 'the newest event' : 'page time';
  return `at: ${new Date(atMs).toISOString()}, expected a time from ${new Date(earliestMs).toISOString()} (${what}) on`;
}
