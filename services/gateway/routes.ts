import Router from '@koa/router';
import type { RouterContext } from '@koa/router';
import type { Context, Middleware } from 'koa';
import { requireGrant, senderOf } from '../http/access';
import { openAllowances } from '../http/allowance';
import { byteBudget } from '../http/budget';
import type { Lease } from '../http/budget';
import { limitInFlight } from '../http/in-flight';
import type { HttpRefusal } from '../http/refusal';
import { takeEvents } from './events';
import { gatewayOf } from './gateway';
import type { GatewayDeps } from './gateway';
import { takePage } from './telemetry';

/**
 * The endpoints that put events on the log: `POST /v1/events` and `POST /v1/telemetry/:exporter`. What is
 * held in memory for requests is bounded, all of them together, until the log has it: while the log is slow
 * or away, requests are answered 429 or 503 with `retry-after`. Refusing costs more than accepting, so
 * refusals are limited by sender.
 */
export function gatewayRoutes(deps: GatewayDeps): Router {
  const gateway = gatewayOf(deps);
  const budget = byteBudget(gateway.limits.heldBytes);
  const refused = openAllowances(gateway.limits.refused, deps.now);
  const withLease = async (ctx: Context, take: Take): Promise<void> => {
    const lease = budget.lease();
    try {
      const events = await take(lease);
      const bytes = ctx.status === 413 ? gateway.limits.bodyBytes : isRefusal(ctx.status) ? lease.bytes() : 0;
      refused.spend(senderOf(ctx), events + bytes / BYTES_AS_EVENT);
    } finally {
      lease.release();
    }
  };
  const mayBeRefused: Middleware = async (ctx, next) => {
    if (refused.hasLeft(senderOf(ctx))) await next();
    else gateway.refuse(ctx, TOO_MANY_REFUSED);
  };
  const admission: Middleware[] = [
    requireGrant(deps.access, { may: ['ingest'] }, gateway.refuse),
    limitInFlight(gateway.limits.requests, gateway.refuse),
    mayBeRefused,
  ];
  return new Router()
    .post('/v1/events', ...admission, (ctx) => withLease(ctx, (lease) => takeEvents(ctx, gateway, lease)))
    .post('/v1/telemetry/:exporter', ...admission, (ctx: RouterContext) =>
      withLease(ctx, (lease) => takePage(ctx, ctx.params['exporter'] ?? '', gateway, lease)),
    );
}

/** Resolves to how many more events were refused than taken. */
type Take = (lease: Lease) => Promise<number>;

/** Reading and inflating this much of a body costs as much as judging an event. */
const BYTES_AS_EVENT = 10_000;

/** Mistakes of the sender; what we can't do now costs it nothing. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 429;
}

const TOO_MANY_REFUSED: HttpRefusal = {
  status: 429,
  reason: 'too_many_refused',
  detail:
    'too much of what this sender has sent lately was refused; see the answers before, and send this again',
  headers: { 'retry-after': '1' },
};
