import { Readable } from 'node:stream';
import Router from '@koa/router';
import type { Context } from 'koa';
import { requireGrant, scopeOf } from '../http/access';
import type { Access } from '../http/access';
import { limitInFlight } from '../http/in-flight';
import { refuse } from '../http/refusal';
import { CONTENT_TYPES } from '../page/format';
import type { ProcessMetrics } from '../process/metrics';
import { answerDiscovery } from './discovery';
import type { Page, Pages } from './pages';
import type { NotePageSize } from './page-size';
import { readQuery } from './query';

export interface ExporterOptions {
  readonly pages: Pages;
  readonly metrics: ProcessMetrics;
  readonly access: Access;
  readonly notePageSize: NotePageSize;
  /** Where scrapers find this exporter; undefined: at the address where discovery was asked. */
  readonly publicUrl: URL | undefined;
}

/** How many are answered at a time; the others get 429: writing a page takes time and memory. */
const SCRAPES = 256;

/** `/metrics`, and Prometheus HTTP service discovery of its shards. */
export function exporterRoutes(options: ExporterOptions): Router {
  const { pages, metrics, access, notePageSize, publicUrl } = options;
  const router = new Router();
  const mayRead = requireGrant(access, { may: ['scrape'] });
  router.get('/metrics', mayRead, limitInFlight(SCRAPES), async (ctx) => {
    const end = metrics.scrapeSeconds.startTimer();
    await answerMetrics(ctx, pages, notePageSize);
    end();
    metrics.scrapes.inc({ code: String(ctx.status) });
  });
  router.get('/v1/sd', mayRead, (ctx) => {
    answerDiscovery(ctx, publicUrl);
  });
  return router;
}

async function answerMetrics(ctx: Context, pages: Pages, notePageSize: NotePageSize): Promise<void> {
  const query = readQuery(ctx.query, ctx.get('accept'), scopeOf(ctx));
  if (!query.ok) {
    refuse(ctx, { status: 400, reason: 'invalid_query', detail: query.detail });
    return;
  }
  const page = await pages.get(query.request);
  switch (page.kind) {
    case 'refused':
      refuse(ctx, { status: 400, reason: 'invalid_query', detail: page.reason });
      return;
    case 'unavailable': {
      const headers = { 'retry-after': '1' };
      refuse(ctx, { status: 503, reason: 'not_current', detail: page.reason, headers });
      return;
    }
    case 'page':
      void page.bytes.then((bytes) => {
        if (bytes !== null) notePageSize(query.request, bytes);
      });
      answerPage(ctx, page, CONTENT_TYPES[query.request.format]);
  }
}

function answerPage(ctx: Context, page: Page, type: string): void {
  ctx.set('vary', 'accept, accept-encoding');
  ctx.set('etag', page.etag);
  ctx.set('cache-control', 'private, no-cache');
  ctx.status = 200;
  if (isHeld(page.etag, ctx.get('if-none-match'))) {
    ctx.status = 304;
    return;
  }
  ctx.set('content-type', type);
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') {
    ctx.body = Readable.from(page.body(), AS_BYTES);
    return;
  }
  ctx.set('content-encoding', 'gzip');
  ctx.body = Readable.from(page.gzipped(), AS_BYTES);
}

/** Little is read ahead: what a slow reader has yet to read waits on the page's tape. */
const AS_BYTES = { objectMode: false, highWaterMark: 256 * 1024 };

/**
 * If-None-Match is a list, perhaps of tags that a proxy has made weak (RFC 9110, 13.1.2); our own tags have
 * no comma.
 */
function isHeld(etag: string, ifNoneMatch: string): boolean {
  return ifNoneMatch.split(',').some((held) => [etag, `W/${etag}`, '*'].includes(held.trim()));
}
