import type { Logger } from '../process/logger';

/**
 * What keeps a bridge from being ready: each trouble is logged once when it begins, and once when it is over.
 */
export interface Troubles {
  /** @param detail undefined: there is no trouble (any more) */
  set(of: TroubleOf, detail: string | undefined): void;
  /** Why it is not ready. */
  worst(): string | undefined;
}

const MESSAGES = {
  plane: 'the control plane does not answer as it should',
  log: 'the log takes no events',
  clock: "the control plane's clock is ahead, and what it tells waits",
  samples: 'the control plane gives no samples',
} as const;
export type TroubleOf = keyof typeof MESSAGES;

/** Lifecycle goes on without samples. */
const READINESS = ['plane', 'log', 'clock'] as const;

export function openTroubles(logger: Pick<Logger, 'warn' | 'info'>): Troubles {
  const now = new Map<TroubleOf, string>();
  return {
    set(of, detail) {
      const before = now.get(of);
      if (detail === undefined) {
        if (now.delete(of)) logger.info({ was: before }, `over: ${MESSAGES[of]}`);
        return;
      }
      now.set(of, detail);
      if (detail !== before) logger.warn({ detail }, MESSAGES[of]);
    },
    worst() {
      const of = READINESS.find((each) => now.has(each));
      return of === undefined ? undefined : `${MESSAGES[of]}: ${now.get(of) ?? ''}`;
    },
  };
}
