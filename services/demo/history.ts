import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import { simulate } from './simulation';
import type { SimulationOptions } from './simulation';

const HOUR = 3_600_000;
/** Lifecycle events that one running job makes an hour, measured: decides how many jobs a history needs. */
const EVENTS_PER_JOB_HOUR = 21;
const WANTED_HOURS = 10;
const LEAST_JOBS = 8;

export interface HistoryOptions {
  readonly seed: number;
  /** How many lifecycle events. */
  readonly events: number;
  /** Time of the last one. */
  readonly endMs: number;
  /** Samples of the last ten minutes as well, on top of `events`. */
  readonly telemetry: boolean;
}

/**
 * Exactly so many lifecycle events, in order of time, the last one at `endMs`. They span about ten hours
 * (less if even a small fleet makes more in that time), so that a log that takes them now refuses none as too
 * late.
 */
export function* history({
  seed,
  events,
  endMs,
  telemetry,
}: HistoryOptions): Generator<FleetEvent, void, undefined> {
  const jobs = Math.max(LEAST_JOBS, Math.round(events / (EVENTS_PER_JOB_HOUR * WANTED_HOURS)));
  const life = { seed, jobs, speed: 1, telemetryFromMs: Infinity };
  // The life doesn't depend on when it begins: once to learn how long it takes, and again so that it ends at
  // the end.
  const startMs = endMs - spanOf(life, events);
  let left = events;
  const telemetryFromMs = telemetry ? endMs - HOUR / 6 : Infinity;
  for (const event of simulate({ ...life, startMs, endMs, telemetryFromMs })) {
    if (!isTelemetry(event)) left -= 1;
    if (left < 0) return;
    yield event;
  }
}

/** How long a life takes until it has made so many lifecycle events, ms. */
function spanOf(life: Omit<SimulationOptions, 'startMs' | 'endMs'>, events: number): number {
  let left = events;
  let spanMs = 0;
  for (const { timeMs } of simulate({ ...life, startMs: 0, endMs: Infinity })) {
    if (left-- === 0) break;
    spanMs = timeMs;
  }
  return spanMs;
}
