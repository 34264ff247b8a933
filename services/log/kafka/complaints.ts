import { errorMessage } from './client';
import type { Logger } from './client';

/** One warning per this time: an outage is one piece of news, not four a second. */
const QUIET_MS = 10_000;

/** Logs what failed and is retried. */
export type Complain = (what: string, error: unknown) => void;

export function openComplaints(logger: Logger): Complain {
  let quietUntilMs = -Infinity;
  return (what, error) => {
    const nowMs = performance.now();
    const isQuiet = nowMs < quietUntilMs;
    if (!isQuiet) quietUntilMs = nowMs + QUIET_MS;
    logger[isQuiet ? 'debug' : 'warn']({ error: errorMessage(error) }, `kafka: ${what}, trying again`);
  };
}
