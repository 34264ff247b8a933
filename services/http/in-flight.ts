import type { Middleware } from 'koa';
import { senderOf } from './access';
import { refuse } from './refusal';
import type { HttpRefusal, Refuse } from './refusal';

/**
 * Lets that many requests pass at a time; the others are answered 429 at once, to be sent again. A single
 * sender gets all but a sixteenth of them, so that there is room for others.
 */
export function limitInFlight(requests: number, answer: Refuse = refuse): Middleware {
  const mostOfOne = requests - Math.floor(requests / 16);
  const bySender = new Map<string, number>();
  let inFlight = 0;
  return async (ctx, next) => {
    const sender = senderOf(ctx);
    const own = bySender.get(sender) ?? 0;
    if (inFlight >= requests || own >= mostOfOne) {
      answer(ctx, TOO_MANY);
      return;
    }
    inFlight++;
    bySender.set(sender, own + 1);
    try {
      await next();
    } finally {
      inFlight--;
      const left = (bySender.get(sender) ?? 1) - 1;
      if (left === 0) bySender.delete(sender);
      else bySender.set(sender, left);
    }
  };
}

const TOO_MANY: HttpRefusal = {
  status: 429,
  reason: 'too_many_requests',
  detail: 'too many requests are being answered right now; send it again',
  headers: { 'retry-after': '1' },
};
