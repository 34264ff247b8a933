import type { FleetEvent } from '../../events/event';
import { simulate } from './simulation';
import { samplingStretch } from './telemetry';

const BATCH = 500;
/** How long live events are gathered, so that a large fleet makes full batches. */
const LEAST_PAUSE_MS = 100;
/**
 * Of history, only the newest samples can be shown at all: ten minutes of them for a small fleet, one or two
 * of each for a large one.
 */
const MOST_SAMPLED_MS = 600_000;
const LEAST_SAMPLED_MS = 20_000;
const SAMPLED_JOB_MS = 40 * MOST_SAMPLED_MS;

export interface DemoOptions {
  readonly seed: number;
  /** About how many jobs run at the same time. */
  readonly jobs: number;
  /**
   * How many times faster than the clock the fleet lives, in its history too; event times are the clock's.
   */
  readonly speed: number;
  /** How far back its life begins. */
  readonly historyMs: number;
  /**
   * Takes up to 500 events, in order of time; the next ones come when it has resolved. If it throws, the demo
   * ends.
   */
  readonly sink: (events: readonly FleetEvent[]) => Promise<void>;
  /** The history, up to when the demo began, has been taken. */
  readonly onLive: () => Promise<void>;
  /** Ends the demo: waits for what has been passed to the sink, and sends nothing more. */
  readonly signal: AbortSignal;
}

/**
 * Plays a fleet's life into a sink: the history up to now as fast as the sink takes it, then live until it is
 * stopped. If the sink is slower than the fleet, events come late, but none is left out.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { seed, jobs, speed, historyMs, sink, signal } = options;
  const beganMs = Date.now();
  const startMs = Math.floor(beganMs - historyMs);
  const sampledMs = Math.min(
    MOST_SAMPLED_MS,
    Math.max(LEAST_SAMPLED_MS * samplingStretch(jobs), SAMPLED_JOB_MS / jobs),
  );
  const telemetryFromMs = Math.max(startMs, beganMs - sampledMs);
  let isLive = false;
  let batch: FleetEvent[] = [];
  for (const event of simulate({ seed, jobs, speed, startMs, endMs: Infinity, telemetryFromMs })) {
    const aheadMs = event.timeMs - Date.now();
    const isHistoryOver = !isLive && event.timeMs > beganMs;
    if (batch.length > 0 && (isHistoryOver || aheadMs > 0 || batch.length === BATCH)) {
      await sink(batch);
      batch = [];
    }
    if (isHistoryOver) {
      isLive = true;
      await options.onLive();
    }
    if (aheadMs > 0) await pause(Math.max(aheadMs, LEAST_PAUSE_MS), signal);
    if (signal.aborted) return;
    batch.push(event);
  }
}

/** Resolves after a while, or at once when the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
}
