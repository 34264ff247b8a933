import { FUTURE_MS } from '../../events/time';
import type { Timing } from './timing';

/**
 * The store's clock as this process follows it. A clock that is wrong for seconds must not move page time, so
 * a step of more than 300 s against the process's monotonic clock is followed only after it has lasted for 60
 * s; until then the earlier clock continues:
 *
 *     steady ── an answer more than 300 s off ──> stepped ── 60 s later it still is ──> steady, new clock
 *        ^                                           │ │ ^
 *        └── an answer of the clock from before ─────┘ └─┘ an answer more than 300 s off both: 60 s again
 *
 * A machine that wakes from sleep looks like that. At the start there is nothing to compare the first answer
 * with.
 */
export interface StoreClock {
  /** Notes what the store has just answered to a question asked at `askedAtMs` on the monotonic clock. */
  observe(answerMs: number, askedAtMs: number): void;
  /** The clock that is followed, extrapolated by the monotonic clock; null: the store has never answered. */
  nowMs(): number | null;
  /** The clock as last answered, followed or not, extrapolated too. */
  latestMs(): number | null;
  /** By how much it has stepped without being followed yet, ms; null: it is steady. */
  stepMs(): number | null;
}

/** What became of a step; `gone`: the clock went back to what it was before the 60 s were over. */
export type StepNews = 'seen' | 'followed' | 'gone';

const STEP_MS = FUTURE_MS;
const STANDS_MS = 60_000;
/** An answer that took so long (because the process was stopped, say) tells too little about the time. */
const SLOW_ANSWER_MS = 10_000;

export function openStoreClock(
  timing: Timing,
  onStep: (news: StepNews, stepMs: number) => void = () => undefined,
): StoreClock {
  /** The store's clock minus the monotonic one. */
  let offsetMs: number | null = null;
  let stepped: { readonly offsetMs: number; readonly sinceMs: number } | null = null;

  const at = (offset: number | null): number | null =>
    offset === null ? null : Math.floor(timing.now() + offset);

  return {
    observe(answerMs, askedAtMs) {
      const atMs = timing.now();
      if (atMs - askedAtMs > SLOW_ANSWER_MS) return;
      // Counted from the arrival of the answer: the estimate may lag behind the store's clock but is never
      // ahead of it.
      const answeredMs = answerMs - atMs;
      if (offsetMs === null || isNear(answeredMs, offsetMs)) {
        if (stepped !== null && offsetMs !== null) onStep('gone', stepped.offsetMs - offsetMs);
        stepped = null;
        offsetMs = answeredMs;
        return;
      }
      if (stepped === null || !isNear(answeredMs, stepped.offsetMs)) {
        stepped = { offsetMs: answeredMs, sinceMs: atMs };
        onStep('seen', answeredMs - offsetMs);
        return;
      }
      if (atMs - stepped.sinceMs < STANDS_MS) return;
      onStep('followed', answeredMs - offsetMs);
      offsetMs = answeredMs;
      stepped = null;
    },
    nowMs: () => at(offsetMs),
    latestMs: () => at(stepped?.offsetMs ?? offsetMs),
    stepMs: () => (stepped === null || offsetMs === null ? null : stepped.offsetMs - offsetMs),
  };
}

function isNear(aMs: number, bMs: number): boolean {
  return Math.abs(aMs - bMs) <= STEP_MS;
}
