/** dstack's clock, as the `Date` of its answers tells it. */
export interface ServerClock {
  /** @param date the header; @param nowMs our clock when the answer arrived */
  note(date: string | undefined, nowMs: number): void;
  /**
   * How far it is ahead of ours, at least: `Date` is truncated to the second. Undefined before the first
   * answer.
   */
  aheadMs(): number | undefined;
}

/**
 * The best estimate of this many answers: the one with the least of a second cut off that came the fastest.
 */
const KEPT = 64;

export function openServerClock(): ServerClock {
  const differences: number[] = [];
  return {
    note(date, nowMs) {
      const dateMs = date === undefined ? NaN : Date.parse(date);
      if (Number.isNaN(dateMs)) return;
      differences.push(dateMs - nowMs);
      if (differences.length > KEPT) differences.shift();
    },
    aheadMs: () => (differences.length === 0 ? undefined : Math.max(...differences)),
  };
}
