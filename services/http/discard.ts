import type { IncomingMessage } from 'node:http';

/** How much of an unwanted body is read and discarded; a sender that goes on beyond is cut off. */
export const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/**
 * Reads the rest of a request's body and discards it, so that a sender that writes everything before it reads
 * gets to see the answer: closing the connection would reset it. False if there is too much of it.
 */
export function discardBody(req: IncomingMessage): Promise<boolean> {
  if (req.complete || req.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    let discardedBytes = 0;
    req.on('data', (chunk: Buffer) => {
      discardedBytes += chunk.length;
      if (discardedBytes > MAX_DISCARDED_BYTES) resolve(false);
    });
    req.on('end', () => resolve(true));
    req.on('close', () => resolve(true));
    // A decoder that was slower than the sender has paused it.
    req.resume();
  });
}
