import Router from '@koa/router';
import { requireGrant } from '../http/access';
import type { Access } from '../http/access';
import { refuse } from '../http/refusal';
import type { Refuse } from '../http/refusal';
import { summarize } from './status/summary';
import type { Pages } from './pages';
import { writeDocument } from './status/document';
import { STYLE_HASH } from './status/style';
import type { Refreshed } from './views';

export interface StatusDeps {
  readonly pages: Pages;
  readonly access: Access;
}

/** `GET /`: the page at a glance, for a person. 200 whether the page is current or not; readiness has its own endpoint. */
export function statusRoutes({ pages, access }: StatusDeps): Router {
  const router = new Router();
  router.get(
    '/',
    requireGrant(access, { may: ['scrape'], wholeFleet: true }, askForPassword),
    async (ctx) => {
      const status = await pages.read(statusOf);
      ctx.set(HEADERS);
      ctx.body = writeDocument(status, Date.now());
    },
  );
  return router;
}

function statusOf(refreshed: Refreshed): Parameters<typeof writeDocument>[0] {
  return refreshed.kind === 'ready' ? { kind: 'ready', summary: summarize(refreshed.views) } : refreshed;
}

/** Nothing from anywhere but the page's own style; names on it are texts of users. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A browser asks its user for a password only where Basic is offered; the token is the password, of any user. */
const askForPassword: Refuse = (ctx, refusal) => {
  const headers =
    refusal.status === 401 ? { 'www-authenticate': 'Basic realm="fleetmeter", charset="UTF-8"' } : {};
  refuse(ctx, { ...refusal, headers: { ...refusal.headers, ...headers } });
};
