/** Moments at equal distances, and the UTC days that they fall on. */
export interface Steps {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
}

const DAY_MS = 86_400_000;

/** From `fromMs` on, none later than `toMs`. */
export function stepsBetween(fromMs: number, toMs: number, stepMs: number): Steps {
  return { fromMs, stepMs, count: Math.floor((toMs - fromMs) / stepMs) + 1 };
}

export function timeOf({ fromMs, stepMs }: Steps, step: number): number {
  return fromMs + step * stepMs;
}

/** The first step that is not before the moment; `count` where there is none. */
export function stepFrom({ fromMs, stepMs, count }: Steps, timeMs: number): number {
  return Math.min(count, Math.max(0, Math.ceil((timeMs - fromMs) / stepMs)));
}

export interface Day {
  /** Its beginning. */
  readonly startMs: number;
  /** Its steps: from <= step < to. */
  readonly from: number;
  readonly to: number;
}

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** The days that have steps, in order. */
export function daysOf(steps: Steps): Day[] {
  const days: Day[] = [];
  for (let from = 0; from < steps.count;) {
    const startMs = dayOf(timeOf(steps, from));
    const to = stepFrom(steps, startMs + DAY_MS);
    days.push({ startMs, from, to });
    from = to;
  }
  return days;
}
