import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

/**
 * A process's monotonic clock and its delays, so that a simulation can run an aggregator in simulated time.
 */
export interface Timing {
  /** On the clock that the log's `askedAtMs` and `lastFetchAtMs()` are on, ms. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` says. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

export const MONOTONIC: Timing = {
  now: () => performance.now(),
  delay: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
};
