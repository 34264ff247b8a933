/** How to wait for a service that is away. */
export interface Backoff {
  /** The service that was away is back. */
  clear(): void;
  /** @param detail why there is a wait */
  wait(detail: string): Promise<void>;
}

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * Longer and longer, with jitter, so that those waiting for the same thing don't all come back at once.
 * @param say called with the reason for waiting; undefined: the wait is over
 */
export function openBackoff(
  pause: (ms: number) => Promise<void>,
  say: (detail: string | undefined) => void,
): Backoff {
  let failures = 0;
  return {
    clear() {
      failures = 0;
      say(undefined);
    },
    wait(detail) {
      say(detail);
      const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures++);
      return pause(ms * (0.5 + Math.random() / 2));
    },
  };
}

/** For callers that don't wait, and report the failure by ending. */
export class AwayError extends Error {}

export const NO_WAIT: Backoff = {
  clear: () => undefined,
  wait: (detail) => Promise.reject(new AwayError(detail)),
};
