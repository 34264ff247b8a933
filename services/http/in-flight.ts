import type { Middleware } from 'koa';
import { type HttpRefusal, type Refuse, refuse } from './refusal';

/** Lets that many requests pass at a time; the others are answered 429 at once, to be sent again. */
export function limitInFlight(requests: number, answer: Refuse = refuse): Middleware {
  let inFlight = 0;
  return async (ctx, next) => {
    if (inFlight >= requests) {
      answer(ctx, TOO_MANY);
      return;
    }
    inFlight++;
    try {
      await next();
    } finally {
      inFlight--;
    }
  };
}

const TOO_MANY: HttpRefusal = {
  status: 429,
  reason: 'too_many_requests',
  detail: 'too many requests are being answered right now; send it again',
  headers: { 'retry-after': '1' },
};
