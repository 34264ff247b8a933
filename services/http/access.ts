import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import { openAllowances } from './allowance';
import { refuse } from './refusal';
import type { HttpRefusal, Refuse } from './refusal';

/**
 * What a token may do: read the page, send events, see what belongs to no project (the process's own
 * metrics).
 */
export const PERMISSIONS = ['scrape', 'ingest', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** The projects that a request is restricted to, in order; null: all, and what belongs to no project. */
export type Scope = readonly string[] | null;

export interface Grant {
  /** For people, and for the log. */
  readonly name: string;
  /** Of the token: once hashed, tokens of any length are compared in the same time. */
  readonly sha256: Buffer;
  readonly may: readonly Permission[];
  readonly projects: Scope;
}

/** Who may do what. It is asked with each request, since tokens may change. */
export interface Access {
  readonly grants: () => readonly Grant[];
  /** Whether nothing guards it. */
  readonly isOpen: (permission: Permission) => boolean;
}

/** One token for a permission, or none, which leaves it open. */
export function singleTokens(tokens: Readonly<Partial<Record<Permission, string | undefined>>>): Access {
  const grants = PERMISSIONS.flatMap((permission): Grant[] => {
    const token = tokens[permission];
    return token === undefined
      ? []
      : [{ name: `the ${permission} token`, sha256: sha256(token), may: [permission], projects: null }];
  });
  return { grants: () => grants, isOpen: (permission) => tokens[permission] === undefined };
}

export function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export interface Needs {
  /** Any of them will do. */
  readonly may: readonly Permission[];
  /** What is asked for belongs to no project, or to all: a token for some projects won't do. */
  readonly wholeFleet?: boolean;
}

/**
 * Lets only requests pass that have a token for it: `Authorization: Bearer TOKEN`, or Basic with the token as
 * password, for tools that know nothing else. Others are answered 401, or 403 if the token is valid but not
 * for this (RFC 6750). If nothing guards it, all pass, except what a browser marks as coming from another
 * site's page: such a page can send here without asking, but must not write.
 */
export function requireGrant(
  access: Access,
  { may, wholeFleet = false }: Needs,
  answer: Refuse = refuse,
): Middleware {
  return async (ctx, next) => {
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD';
    if (!reads && ctx.get('sec-fetch-site') === 'cross-site') {
      answer(ctx, CROSS_SITE);
      return;
    }
    if (!may.some(access.isOpen)) {
      const found = scopeFor(access, ctx.get('authorization'), may);
      const refusal =
        found.kind === 'refused' ? found.refusal : wholeFleet && found.scope !== null ? SOME_PROJECTS : null;
      if (refusal !== null) {
        const isFew = refusal.status !== 401 || attempts.spend(ctx.req.socket.remoteAddress ?? '', 1);
        answer(ctx, isFew ? refusal : TOO_MANY_ATTEMPTS);
        return;
      }
      if (found.kind === 'granted') {
        scopes.set(ctx.req, found.scope);
        senders.set(ctx.req, found.name);
      }
    }
    await next();
  };
}

/**
 * How often an address may send no token or a wrong one, over all endpoints of a process: guessing is slow,
 * and costs no more than an answer. It never holds up anybody with a right token, whoever shares the address.
 */
const attempts = openAllowances({ aSecond: 10, atOnce: 100 }, Date.now);

const scopes = new WeakMap<IncomingMessage, Scope>();
const senders = new WeakMap<IncomingMessage, string>();

/** Who sent a request that has passed: the name of its token, or its address if it needed none. */
export function senderOf({ req }: Pick<Context, 'req'>): string {
  return senders.get(req) ?? req.socket.remoteAddress ?? '';
}

/** Which projects a request that has passed may see, or send events of. */
export function scopeOf(ctx: Pick<Context, 'req'>): Scope {
  return scopes.get(ctx.req) ?? null;
}

type Found =
  | { readonly kind: 'granted'; readonly scope: Scope; readonly name: string }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal };

function scopeFor(access: Access, authorization: string, may: readonly Permission[]): Found {
  const token = tokenOf(authorization);
  if (token === null) return { kind: 'refused', refusal: NO_TOKEN };
  const given = sha256(token);
  // All are compared, so that the time doesn't tell which it was.
  const own = access.grants().filter((grant) => timingSafeEqual(grant.sha256, given));
  if (own.length === 0) return { kind: 'refused', refusal: WRONG_TOKEN };
  const granted = own.filter((grant) => grant.may.some((permission) => may.includes(permission)));
  if (granted.length === 0) return { kind: 'refused', refusal: NOT_PERMITTED };
  const projects = granted.map((grant) => grant.projects);
  const isWhole = projects.includes(null);
  return {
    kind: 'granted',
    name: granted.map(({ name }) => name).join(),
    scope: isWhole ? null : [...new Set(projects.flatMap((some) => some ?? []))].sort(),
  };
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
const INSUFFICIENT = { 'www-authenticate': 'Bearer realm="fleetmeter", error="insufficient_scope"' };
const NOT_PERMITTED: HttpRefusal = {
  status: 403,
  reason: 'not_permitted',
  detail: 'the token is not for this: see its "may" in the tokens file',
  headers: INSUFFICIENT,
};
const SOME_PROJECTS: HttpRefusal = {
  status: 403,
  reason: 'not_permitted',
  detail: 'the token is for some projects alone, and this is of all of them or of none',
  headers: INSUFFICIENT,
};
const TOO_MANY_ATTEMPTS: HttpRefusal = {
  status: 429,
  reason: 'too_many_attempts',
  detail: 'too many requests from this address bore no token or a wrong one',
  headers: { 'retry-after': '1' },
};
const CROSS_SITE: HttpRefusal = {
  status: 403,
  reason: 'cross_site',
  detail: "another site's page in a browser must not send here",
};
