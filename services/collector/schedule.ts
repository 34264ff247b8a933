import { murmur2 } from '../../events/routing';

/** When one target is asked. */
export interface Schedule {
  stop(): void;
}

export interface ScheduleOptions {
  readonly intervalMs: number;
  /** Asks the target once; whether it answered. Never called while the last call is under way. */
  readonly ask: () => Promise<boolean>;
  readonly now: () => number;
}

/** A failing target is asked less and less often, but at least every five minutes. */
const LONGEST_MS = 300_000;

/**
 * Asks a target at its own moments within the interval, as Prometheus does. They follow from its key, so that
 * targets are spread out, and keep their moments when the process restarts. Moments that pass while it is
 * being asked are skipped.
 */
export function openSchedule(key: string, { intervalMs, ask, now }: ScheduleOptions): Schedule {
  const offsetMs = (murmur2(Buffer.from(key)) >>> 0) % intervalMs;
  const mostTicks = Math.max(1, Math.floor(LONGEST_MS / intervalMs));
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const plan = (ticks: number): void => {
    const sinceMs = (now() - offsetMs) % intervalMs;
    timer = setTimeout(() => void run(), ticks * intervalMs - sinceMs);
  };

  async function run(): Promise<void> {
    failures = (await ask()) ? 0 : failures + 1;
    if (!isStopped) plan(failures === 0 ? 1 : Math.min(mostTicks, 2 ** (failures - 1)));
  }

  plan(1);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
