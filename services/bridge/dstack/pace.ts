/**
 * How often dstack is asked for what. Each of the three ways may take a share of its time, as measured by the
 * duration of its answers, so that a slow server is asked less. If there are events, the total for a steady
 * fleet is less than a tenth of what a Prometheus takes that scrapes dstack's page every 15 s.
 */
export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Shares of the server's time, of one core. */
  readonly share: number;
}

export const PACES = {
  /** The events, and the rows that they are about. More than the share only if much happens. */
  changes: { leastMs: 10_000, mostMs: 30_000, share: 0.1 },
  /** Everything alive, if there are events and only what they miss is looked for. */
  relist: { leastMs: 1_200_000, mostMs: 7_200_000, share: 0.0005 },
  /** The same if there are no events, when it is all there is to know. */
  relistAlone: { leastMs: 15_000, mostMs: 60_000, share: 0.02 },
  /** dstack's page, for the jobs' usage: a sample is shown for ten minutes. */
  samples: { leastMs: 420_000, mostMs: 540_000, share: 0.0025 },
} as const satisfies Record<string, Pace>;

/** How long to wait after something that kept the server busy for `busyMs`. */
export function waitAfter({ leastMs, mostMs, share }: Pace, busyMs: number): number {
  return Math.min(mostMs, Math.max(leastMs, busyMs / share));
}
