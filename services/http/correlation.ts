import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';

/** What ties a line of the log to a request, and to the trace that it is a part of. */
export interface Correlation {
  readonly request_id: string;
  /** Of `traceparent` (W3C Trace Context). */
  readonly trace_id?: string;
}

const REQUEST_ID = /^[\w.:=+/-]{1,128}$/;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NO_TRACE = '0'.repeat(32);

const correlations = new WeakMap<IncomingMessage, Correlation>();

/** For what is logged about a request; nothing where none was made for it. */
export function correlationOf({ req }: Pick<Context, 'req'>): Partial<Correlation> {
  return correlations.get(req) ?? {};
}

/**
 * Gives each request an id, or takes the one that it came with (`x-request-id`), and answers with it. On the
 * level `debug` each answer is a line of the log.
 */
export function correlate(logger: Logger): Middleware {
  return async (ctx, next) => {
    const given = ctx.get('x-request-id');
    const traceId = TRACE_PARENT.exec(ctx.get('traceparent'))?.[1];
    const correlation: Correlation = {
      request_id: REQUEST_ID.test(given) ? given : randomUUID(),
      ...(traceId === undefined || traceId === NO_TRACE ? {} : { trace_id: traceId }),
    };
    correlations.set(ctx.req, correlation);
    ctx.set('x-request-id', correlation.request_id);
    const startMs = performance.now();
    await next();
    if (!logger.isLevelEnabled('debug')) return;
    const ms = Math.round(performance.now() - startMs);
    logger.debug({ ...correlation, method: ctx.method, path: ctx.path, status: ctx.status, ms }, 'answered');
  };
}
