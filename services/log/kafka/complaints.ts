import { errorMessage, type Logger } from './client';

/** One warning in so long: an outage is one piece of news, not four a second. */
const QUIET_MS = 10_000;

/** Tells of what failed and is tried again. */
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
