/**
 * How often dstack is asked for what. Each of the three ways may take so much of its time, as its answers' own duration tells, so that a
 * server that is slow is asked less. Where there are events, the sum of a fleet that runs on is under a tenth of what a Prometheus takes
 * that scrapes dstack's page every 15 s.
 */
export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Of the server's time, one core's. */
  readonly share: number;
}

export const PACES = {
  /** The events, and the rows that they speak of. Above the share only where much happens. */
  changes: { leastMs: 10_000, mostMs: 30_000, share: 0.1 },
  /** All that is alive, where events are there and only what they miss is looked for. */
  relist: { leastMs: 1_200_000, mostMs: 7_200_000, share: 0.0005 },
  /** The same where there are no events: all that there is to know. */
  relistAlone: { leastMs: 15_000, mostMs: 60_000, share: 0.02 },
  /** dstack's page, for what jobs use: a sample is shown for ten minutes. */
  samples: { leastMs: 420_000, mostMs: 540_000, share: 0.0025 },
} as const satisfies Record<string, Pace>;

/** How long to wait after what has taken the server `busyMs`. */
export function waitAfter({ leastMs, mostMs, share }: Pace, busyMs: number): number {
  return Math.min(mostMs, Math.max(leastMs, busyMs / share));
}
