import type { Logger } from './logger';

/**
 * Logs a message at most once a minute: what is wrong with one page is usually wrong with the next one too.
 */
export interface Seldom {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const EVERY_MS = 60_000;

/** By message: the first is logged at once, then one a minute with the number suppressed in between. */
export function openSeldom(logger: Pick<Logger, 'warn'>, now: () => number): Seldom {
  const said = new Map<string, { atMs: number; unsaid: number }>();
  return {
    warn(fields, message) {
      const before = said.get(message);
      if (before !== undefined && now() - before.atMs < EVERY_MS) {
        before.unsaid++;
        return;
      }
      said.set(message, { atMs: now(), unsaid: 0 });
      logger.warn({ ...fields, ...(before === undefined ? {} : { unsaid: before.unsaid }) }, message);
    },
  };
}
