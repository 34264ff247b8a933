import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { type HttpRefusal, type Refuse, refuse } from './refusal';

/**
 * Lets only requests pass that bear the token: `Authorization: Bearer TOKEN`, or Basic with the token as password, for
 * tools that know nothing else. Others are answered 401 (RFC 6750). Without a token all pass, except what a browser
 * marks as coming from another site's page: such a page can send here without asking, but must not write (403).
 */
export function requireToken(token: string | undefined, answer: Refuse = refuse): Middleware {
  const expected = token === undefined ? null : digest(token);
  return async (ctx, next) => {
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD';
    if (!reads && ctx.get('sec-fetch-site') === 'cross-site') {
      answer(ctx, CROSS_SITE);
      return;
    }
    if (expected !== null) {
      const given = tokenOf(ctx.get('authorization'));
      if (given === null || !timingSafeEqual(digest(given), expected)) {
        answer(ctx, given === null ? NO_TOKEN : WRONG_TOKEN);
        return;
      }
    }
    await next();
  };
}

/** Hashed, tokens of any length compare in the same time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function tokenOf(authorization: string): string | null {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return credentials;
    case 'basic': {
      const pair = Buffer.from(credentials, 'base64').toString('utf8');
      return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : null;
    }
    default:
      return null;
  }
}

const NO_TOKEN: HttpRefusal = {
  status: 401,
  reason: 'no_token',
  detail: 'expected the header "authorization: Bearer TOKEN"',
  headers: { 'www-authenticate': 'Bearer realm="fleetmeter"' },
};
const WRONG_TOKEN: HttpRefusal = {
  status: 401,
  reason: 'wrong_token',
  detail: 'the token is not the one that is expected here',
  headers: { 'www-authenticate': 'Bearer realm="fleetmeter", error="invalid_token"' },
};
const CROSS_SITE: HttpRefusal = {
  status: 403,
  reason: 'cross_site',
  detail: "another site's page in a browser must not send here",
};
