import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Settles as `act` does, or rejects after `ms`: kafkajs can wait for a hanging broker much longer than it was
 * told.
 */
export async function inTime<T>(ms: number, act: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = sleep(ms, undefined, { signal: stop.signal }).then(
    () => Promise.reject(new Error(`no answer within ${Math.round(ms)} ms`)),
    () => new Promise<never>(() => undefined), // stopped: the race is over
  );
  try {
    return await Promise.race([act(), late]);
  } finally {
    stop.abort();
  }
}

/** Waits for something to end, successfully or not, but no longer than `ms`. */
export async function endOf(ms: number, act: () => Promise<unknown>): Promise<void> {
  await inTime(ms, act).catch(() => undefined);
}
