import Router, { type RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { requireGrant } from '../http/access';
import { byteBudget, type Lease } from '../http/budget';
import { limitInFlight } from '../http/in-flight';
import { takeEvents } from './events';
import { gatewayOf, type GatewayDeps } from './gateway';
import { takePage } from './telemetry';

/**
 * The endpoints that put events on the log: `POST /v1/events` and `POST /v1/telemetry/:exporter`. What is held in
 * memory for requests is bounded, all of them together, until the log has it: while the log is slow or away, requests
 * are answered 429 or 503 with `retry-after`.
 */
export function gatewayRoutes(deps: GatewayDeps): Router {
  const gateway = gatewayOf(deps);
  const budget = byteBudget(gateway.limits.heldBytes);
  const withLease = async (take: (lease: Lease) => Promise<void>): Promise<void> => {
    const lease = budget.lease();
    try {
      await take(lease);
    } finally {
      lease.release();
    }
  };
  const admission: Middleware[] = [
    requireGrant(deps.access, { may: ['ingest'] }, gateway.refuse),
    limitInFlight(gateway.limits.requests, gateway.refuse),
  ];
  return new Router()
    .post('/v1/events', ...admission, (ctx) => withLease((lease) => takeEvents(ctx, gateway, lease)))
    .post('/v1/telemetry/:exporter', ...admission, (ctx: RouterContext) =>
      withLease((lease) => takePage(ctx, ctx.params['exporter'] ?? '', gateway, lease)),
    );
}
