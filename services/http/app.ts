import type Router from '@koa/router';
import Koa from 'koa';
import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { correlate, correlationOf } from './correlation';
import { discardBody } from './discard';
import { refuse } from './refusal';

/**
 * The routers as one application. What none of them answers is answered in JSON too: an unknown path with
 * 404, a method that the path lacks with 405, and a bug with 500; details go to the log, not to the sender.
 * No answer goes out before the rest of the request's body has been read and discarded, up to a limit.
 */
export function httpApp(logger: Logger, routers: readonly Router[]): Koa {
  const app = new Koa();
  // For senders that are gone before their answer: Koa would print each with its stack.
  app.on('error', (error: Error) => logger.debug({ err: error }, 'a connection broke'));
  app.use(correlate(logger)).use(secureHeaders).use(readOverBodies).use(answerErrors(logger));
  for (const router of routers) app.use(router.routes()).use(router.allowedMethods());
  return app;
}

/** What a browser must not do with an answer; a route may override it. */
const secureHeaders: Middleware = async (ctx, next) => {
  ctx.set({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    ...(ctx.secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  });
  await next();
};

const readOverBodies: Middleware = async (ctx, next) => {
  await next();
  if (!(await discardBody(ctx.req))) ctx.set('connection', 'close');
};

function answerErrors(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      logger.error(
        { err: error, ...correlationOf(ctx), method: ctx.method, path: ctx.path },
        'a request failed',
      );
      const detail = 'this is a fault of the server, which has logged it';
      refuse(ctx, { status: 500, reason: 'internal', detail });
      return;
    }
    if (ctx.body !== undefined && ctx.body !== null) return;
    if (ctx.status === 404) {
      refuse(ctx, { status: 404, reason: 'not_found', detail: 'there is nothing at this path' });
    } else if (ctx.status === 405 || ctx.status === 501) {
      // The router's 501 is for methods that no path has; to the client it is the same.
      const detail = `expected one of the methods ${ctx.response.get('allow')}`;
      refuse(ctx, { status: 405, reason: 'wrong_method', detail });
    }
  };
}
