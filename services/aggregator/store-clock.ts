import { FUTURE_MS } from '../../events/time';
import type { Timing } from './timing';

/**
 * The store's clock as this process follows it. A clock that is wrong for seconds must not move page time, so a step of more than
 * 300 s against the process's monotonic clock is followed only when it has stood for 60 s; until then the clock from before goes on:
 *
 *     steady ── an answer more than 300 s off ──> stepped ── 60 s later it still is ──> steady, on the new clock
 *        ^                                           │ │ ^
 *        └── an answer of the clock from before ─────┘ └─┘ an answer more than 300 s off both: the 60 s begin anew
 *
 * A machine that slept wakes like that. At a start there is nothing to compare the first answer with.
 */
export interface StoreClock {
  /** Takes in what the store answered just now to a question that was asked at `askedAtMs` on the monotonic clock. */
  observe(answerMs: number, askedAtMs: number): void;
  /** As followed, carried on by the monotonic clock; null: the store has never answered. */
  nowMs(): number | null;
  /** As it was answered last, followed or not, carried on too. */
  latestMs(): number | null;
  /** By how much it has stepped and is not followed yet, ms; null: it is steady. */
  stepMs(): number | null;
}

/** What became of a step; `gone`: the clock went back to what it was before the 60 s were over. */
export type StepNews = 'seen' | 'followed' | 'gone';

const STEP_MS = FUTURE_MS;
const STANDS_MS = 60_000;
/** An answer that was under way for so long (the process was stopped, say) tells too little of what time it is. */
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
      // Counted from when the answer was there: the estimate may run behind the store's clock, never ahead of it.
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
