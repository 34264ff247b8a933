/** dstack's clock, as the `Date` of its answers tells it. */
export interface ServerClock {
  /** @param date the header; @param nowMs ours, when the answer was there */
  note(date: string | undefined, nowMs: number): void;
  /** How far it is ahead of ours, at least: `Date` is cut to the second. Undefined before the first answer. */
  aheadMs(): number | undefined;
}

/** Of so many answers the best estimate: the one that had the least of a second cut off, and came the fastest. */
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
