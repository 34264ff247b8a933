import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEvent } from '../../events/codec';
import type { FleetEvent } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { runDemo } from '../demo/driver';
import type { AppendRecord, EventLog } from '../log/port';
import type { Progress } from './progress';
import { CommandError, EXIT } from './exit';
import { wrongOption } from './option';

export interface DemoFlags {
  readonly seed: number;
  readonly jobs: number;
  readonly speed: number;
  /** How far back the fleet's life begins. */
  readonly hours: number;
}

export const DEMO: DemoFlags = { seed: Date.now() % 1_000_000, jobs: 40, speed: 1, hours: 6 };

export interface Told {
  readonly event: FleetEvent;
  readonly json: string;
}

/**
 * Per running job, with what is ended and idle beside it, if one process folds and shows it: measured with
 * 10,000 jobs.
 */
const HEAP_BYTES_PER_JOB = 100_000;
const MEMORY_BYTES_PER_JOB = 400_000;

/** A fleet too large for this process is refused before it is created. */
export function mustBeHeld({ jobs }: Pick<DemoFlags, 'jobs'>, option: string): void {
  if (jobs === 0) throw wrongOption(option, '0', 'at least 1');
  const heapBytes = getHeapStatistics().heap_size_limit;
  const memoryBytes = totalmem();
  const mostJobs = Math.floor(Math.min(heapBytes / HEAP_BYTES_PER_JOB, memoryBytes / MEMORY_BYTES_PER_JOB));
  if (jobs <= mostJobs) return;
  throw wrongOption(
    option,
    String(jobs),
    `at most ${String(mostJobs)} jobs: so many take about ${gigabytes(jobs * MEMORY_BYTES_PER_JOB)} of memory, ` +
      `${gigabytes(jobs * HEAP_BYTES_PER_JOB)} of it on Node's heap; this machine has ${gigabytes(memoryBytes)}, and Node may use ` +
      `${gigabytes(heapBytes)} (NODE_OPTIONS=--max-old-space-size=MEGABYTES changes that)`,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What a fleet is played to. */
export interface Audience {
  /** Takes what happened, in order of time; the next events come when it has resolved. */
  readonly take: (told: readonly Told[], isHistory: boolean) => Promise<void>;
  /** The history, of this many events, has been taken. */
  readonly onLive: (events: number) => void;
  /** How far the history has come, as a share of the time that it spans. */
  readonly progress: Progress;
}

const HOUR_MS = 3_600_000;
/**
 * Events of history passed on together: a synced write for just a few events would take longer than making
 * them.
 */
const PIECE_BYTES = 3_000_000;

/**
 * Plays a fleet until it is told to stop: its history in large pieces as they are made, then events as they
 * happen.
 */
export async function playFleet(
  { seed, jobs, speed, hours }: DemoFlags,
  signal: AbortSignal,
  { take, onLive, progress }: Audience,
): Promise<void> {
  const historyMs = hours * HOUR_MS;
  let reachedMs = Date.now() - historyMs;
  let isHistory = true;
  let count = 0;
  let piece: Told[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    if (piece.length > 0) await take(piece, true);
    piece = [];
    bytes = 0;
  }

  await runDemo({
    seed,
    jobs,
    speed,
    historyMs,
    signal,
    async sink(events) {
      if (!isHistory) return take(events.map(tell), false);
      // Recorded when it happened: page time follows while it is read, so no job that has ended is first
      // shown as running.
      const told = events.map((event) => tell({ ...event, recordedTimeMs: event.timeMs }));
      for (const one of told) piece.push(one);
      bytes += told.reduce((sum, { json }) => sum + json.length, 0);
      const lastMs = events.at(-1)?.timeMs ?? reachedMs;
      progress.advance(events.length, lastMs - reachedMs);
      reachedMs = lastMs;
      count += events.length;
      if (bytes >= PIECE_BYTES) await flush();
    },
    async onLive() {
      await flush();
      isHistory = false;
      progress.end();
      onLive(count);
    },
  });
}

function tell(event: FleetEvent): Told {
  return { event, json: encodeEvent(event) };
}

/** A fleet whose history is on the log, and whose life goes on. */
export interface Playing {
  /** Of the history. */
  readonly events: number;
  stop(): Promise<void>;
}

const RETRY_MS = 1000;

/** Puts a fleet on a log; resolves when its whole history is there, or when it was stopped before. */
export async function playIntoLog(
  flags: DemoFlags,
  log: EventLog,
  progress: Progress,
  stop: AbortSignal,
): Promise<Playing> {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, stop]);

  async function append(told: readonly Told[], isHistory: boolean): Promise<void> {
    const records = told.map((one) => recordOf(one, log.partitions));
    for (;;) {
      const result = await log.append(records);
      if (result.kind === 'appended' || signal.aborted) return;
      if (isHistory) throw new CommandError(EXIT.away, `the log is away: ${result.detail}`);
      // Readiness and the log tell whoever watches the demo; the fleet continues when there is room again.
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  let events = 0;
  let playing: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const onLive = (count: number): void => {
      events = count;
      resolve();
    };
    playing = playFleet(flags, signal, { take: append, onLive, progress });
    playing.then(resolve, reject);
  });
  return {
    events,
    async stop() {
      abort.abort();
      await playing;
    },
  };
}

function recordOf({ event, json }: Told, partitions: number): AppendRecord {
  const { topic, key } = routeOf(event);
  return { topic, key, partition: partitionOf(key, partitions), value: Buffer.from(json) };
}
