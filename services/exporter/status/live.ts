import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';

/** How many browsers may watch at once: each is a connection, and a page every few seconds. */
const MAX_WATCHERS = 200;
const EVERY_MS = 5000;

/** Sends what a page shows to browsers that are watching, as server-sent events. */
export interface Live {
  /** Answers with a stream that ends when the browser goes. False: too many are watching. */
  watch(ctx: Context, write: () => Promise<string>): boolean;
}

export function openLive(everyMs = EVERY_MS): Live {
  const watchers = new Set<ServerResponse>();
  return {
    watch(ctx, write) {
      if (watchers.size >= MAX_WATCHERS) return false;
      const { res } = ctx;
      // Koa would report each browser that goes as an error.
      ctx.respond = false;
      watchers.add(res);
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      res.write('retry: 3000\n\n');
      let isWriting = false;
      const send = async (): Promise<void> => {
        // A browser that reads more slowly than this skips to the next state.
        if (isWriting || res.writableNeedDrain) return;
        isWriting = true;
        try {
          const markup = await write();
          if (!res.destroyed) res.write(`event: page\ndata: ${JSON.stringify(markup)}\n\n`);
        } finally {
          isWriting = false;
        }
      };
      const timer = setInterval(() => void send().catch(() => res.destroy()), everyMs);
      timer.unref();
      res.once('close', () => {
        clearInterval(timer);
        watchers.delete(res);
      });
      return true;
    },
  };
}
