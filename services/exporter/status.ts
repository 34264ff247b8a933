import { readFileSync } from 'node:fs';
import Router from '@koa/router';
import { requireGrant } from '../http/access';
import type { Access } from '../http/access';
import { refuse } from '../http/refusal';
import type { Refuse } from '../http/refusal';
import type { ProcessMetrics } from '../process/metrics';
import type { Pages } from './pages';
import { readAsked } from './status/asked';
import type { Asked } from './status/asked';
import { liveMarkup, writeDocument } from './status/document';
import type { Status } from './status/document';
import { openLive } from './status/live';
import { readPipeline } from './status/pipeline';
import { SCRIPT } from './status/script';
import { STYLE_HASH } from './status/style';
import { summarize } from './status/summary';
import type { Trend } from './trend';

export interface StatusDeps {
  readonly pages: Pages;
  readonly metrics: ProcessMetrics;
  readonly trend: Pick<Trend, 'points'>;
  readonly access: Access;
}

/**
 * `GET /`: the page at a glance, for a person. 200 whether the page is current or not; readiness has its own
 * endpoint.
 */
export function statusRoutes(deps: StatusDeps, live = openLive()): Router {
  const router = new Router();
  const mayRead = requireGrant(deps.access, { may: ['scrape'], wholeFleet: true }, askForPassword);
  router.get('/', mayRead, async (ctx) => {
    const asked = readAsked(ctx.query);
    const status = await readStatus(deps, asked);
    ctx.set(HEADERS);
    ctx.body = writeDocument(status, Date.now(), asked);
  });
  router.get('/status/live', mayRead, (ctx) => {
    const asked = readAsked(ctx.query);
    const write = async (): Promise<string> =>
      liveMarkup(await readStatus(deps, asked), Date.now(), asked).markup;
    if (!live.watch(ctx, write)) refuse(ctx, TOO_MANY);
  });
  router.get('/status/trend', mayRead, (ctx) => {
    ctx.set('cache-control', 'no-store');
    ctx.body = deps.trend.points(readAsked(ctx.query).filter.project);
  });
  for (const [name, { type, body }] of Object.entries(ASSETS)) {
    router.get(`/status/${name}`, mayRead, (ctx) => {
      ctx.set({ 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'max-age=3600' });
      ctx.body = body();
    });
  }
  return router;
}

async function readStatus({ pages, metrics }: StatusDeps, asked: Asked): Promise<Status> {
  const read = await pages.read((refreshed, layout) => {
    if (refreshed.kind !== 'ready') return refreshed;
    const partitions = refreshed.views.flatMap(({ pageTimeMs }, i) => {
      const version = refreshed.versions[i];
      return version === undefined ? [] : [{ pageTimeMs, version }];
    });
    return { kind: 'ready' as const, summary: summarize(refreshed.views, layout, asked), partitions };
  });
  if (read.kind !== 'ready') return read;
  return { ...read, pipeline: await readPipeline(metrics, read.partitions) };
}

function fileAt(path: string): () => string {
  let text: string | undefined;
  return () => (text ??= readFileSync(path, 'utf8'));
}

/** Everything that the page loads, from this server. */
const ASSETS = {
  'app.js': { type: 'text/javascript; charset=utf-8', body: () => SCRIPT },
  'uplot.js': {
    type: 'text/javascript; charset=utf-8',
    body: fileAt(require.resolve('uplot/dist/uPlot.iife.min.js')),
  },
  'uplot.css': { type: 'text/css; charset=utf-8', body: fileAt(require.resolve('uplot/dist/uPlot.min.css')) },
} as const;

const TOO_MANY = {
  status: 503 as const,
  reason: 'too_many_watchers',
  detail: 'too many browsers are watching: the page refreshes without this',
};

/** Nothing from anywhere but this server; names on the page are users' texts. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; style-src 'self' '${STYLE_HASH}'; script-src 'self'; connect-src 'self'; ` +
    `base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A browser asks for a password only if Basic is offered; the token is the password, for any user name. */
const askForPassword: Refuse = (ctx, refusal) => {
  const headers =
    refusal.status === 401 ? { 'www-authenticate': 'Basic realm="fleetmeter", charset="UTF-8"' } : {};
  refuse(ctx, { ...refusal, headers: { ...refusal.headers, ...headers } });
};
