import { randomUUID } from 'node:crypto';
import type { LedgerSettings } from '../fold/ledger';
import type { AppendRecord, EventLog, LogRecord, OwnedTopic, Ownership, Positions } from '../log/port';
import { takeRecord } from '../partition/intake';
import { markOf } from '../partition/mark';
import { closeBatch, followClock } from '../partition/partition';
import type { Partition } from '../partition/partition';
import type { Logger } from '../process/logger';
import type { ProcessMetrics } from '../process/metrics';
import type { Commit, StateStore } from '../store/port';
import { openAlarm } from './alarm';
import { openPageClock } from './page-clock';
import type { PageClock } from './page-clock';
import { takeOver } from './take-over';
import type { StepNews } from './store-clock';
import { MONOTONIC } from './timing';
import type { Timing } from './timing';

/**
 * log → fold → store, for the partitions that this process owns.
 *
 * A batch of records is folded in memory, its dead letters and copies are made durable, then state, page time and positions are
 * committed together. What can't be committed is forgotten: `stale` means that another owner took over, and the partition is
 * begun anew from the store if it is still ours.
 */
export interface Aggregator {
  /** Readiness: it owns partitions, or waits for them, and fetches. */
  isReady(): boolean;
  ownedPartitions(): readonly number[];
  /** Stops reading, commits what was folded, gives the partitions up. */
  close(): Promise<void>;
}

export interface AggregatorOptions {
  readonly log: EventLog;
  readonly store: StateStore;
  readonly settings: LedgerSettings;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
  /** Delivery has ended for good: the process is to end. */
  readonly onFatal: (error: Error) => void;
  /** Default: the process's own. */
  readonly timing?: Timing;
}

/** A page time is to be committed at least once a second; twice as often leaves room for a slow answer. */
const TICK_MS = 400;
/** How long a commit is tried again before the partition is let go of, to be begun anew when the store is back. */
const COMMIT_PATIENCE_MS = 5000;
const RETRY_MS = 100;
/** Telemetry is read no further ahead of page time than a sample lives: later ones would push out those that are still shown. */
const FETCH_SILENCE_MS = 10_000;

const STEP_NEWS: Readonly<Record<StepNews, string>> = {
  seen: "the store's clock has stepped: page time follows it when it has stood for 60 s",
  followed: "page time follows the store's clock, which has stood since it stepped",
  gone: "the store's clock has stepped back to what it was, and was not followed",
};

export async function openAggregator(options: AggregatorOptions): Promise<Aggregator> {
  const { log, store, settings, logger, metrics, timing = MONOTONIC } = options;
  const partitions = new Map<number, Partition>();
  const clock = openPageClock(log, store, timing, tellStep);
  const queue = openQueue();
  const alarm = openAlarm(logger);
  let closing = false;
  let ownership: Ownership | undefined = undefined;

  async function begin(number: number): Promise<Positions | null> {
    partitions.delete(number);
    const partition = await takeOver(number, log, store, clock, settings, logger, alarm);
    if (partition === null) return null;
    partitions.set(number, partition);
    metrics.takeovers.inc();
    logger.debug({ partition: number, epoch: partition.epoch, positions: partition.positions }, 'took over');
    return partition.positions;
  }

  async function records(
    topic: OwnedTopic,
    number: number,
    batch: readonly LogRecord[],
    next: number,
  ): Promise<number | 'lost'> {
    const partition = partitions.get(number);
    if (partition === undefined) return 'lost';
    const taken =
      topic === 'telemetry'
        ? readable(partition, clock, batch, settings.sampleTtlMs)
        : foldable(batch.length);
    const now = batch.slice(0, taken);
    const forward = foldRecords(partition, topic, now, log.partitions, metrics);
    // Offsets without a record (control records, compaction) may follow; without them the log's end would never be reached.
    if (taken === batch.length) partition.positions[topic] = next;
    if (taken === 0) return 0;
    partition.marks = { ...partition.marks, [topic]: markOf(now.at(-1)) };
    if (!(await forwardAll(forward)) || !(await commit(partition))) {
      partitions.delete(number);
      return 'lost';
    }
    return taken;
  }

  /** While the store's clock has stepped back and isn't followed yet, page time may be far ahead: what begins now would be charged up to there. */
  function foldable(count: number): number {
    return (clock.stepMs() ?? 0) < 0 ? 0 : count;
  }

  async function forwardAll(forward: readonly AppendRecord[]): Promise<boolean> {
    if (forward.length === 0) return true;
    const result = await log.append(forward);
    if (result.kind === 'unavailable')
      logger.warn({ detail: result.detail }, 'dead letters could not be written');
    return result.kind === 'appended';
  }

  /** False: the state in memory is not the store's any more. */
  async function commit(partition: Partition): Promise<boolean> {
    const { number, generation, epoch, counter, pageTimeMs: wasMs } = partition;
    const clockMs = clock.followedMs();
    if (clockMs !== null) followClock(partition, clockMs);
    const batch = closeBatch(partition, clock.pageTimeMs(partition) ?? 0);
    const result = await commitPatiently({
      generation,
      partition: number,
      epoch,
      fromCounter: counter,
      batchId: randomUUID(),
      ...batch,
    });
    metrics.commits.inc({ result });
    if (result !== 'applied') {
      logger.warn({ partition: number, epoch, result }, 'commit not applied: the partition is begun anew');
      return false;
    }
    partition.counter++;
    if (wasMs !== null && batch.head.pageTimeMs < wasMs) tellReturn(partition, wasMs);
    ownership?.committed(number, batch.head.positions);
    return true;
  }

  function tellStep(news: StepNews, stepMs: number): void {
    if (news !== 'seen') metrics.clockSteps.inc({ outcome: news });
    logger.warn({ step_seconds: Math.round(stepMs / 1000) }, STEP_NEWS[news]);
  }

  function tellReturn({ number, pageTimeMs, view }: Partition, wasMs: number): void {
    metrics.pageTimeReturns.inc();
    const from = new Date(wasMs).toISOString();
    const to = new Date(pageTimeMs ?? 0).toISOString();
    logger.warn(
      { partition: number, from, to, held: view.holds.size },
      "page time was ahead of the store's clock and has gone back to it: what was shown is held",
    );
  }

  async function commitPatiently(request: Commit): Promise<'applied' | 'stale' | 'unavailable'> {
    const startMs = timing.now();
    for (;;) {
      const result = await store.commit(request);
      if (result.kind !== 'unavailable') {
        metrics.commitSeconds.observe((timing.now() - startMs) / 1000);
        return result.kind;
      }
      if (closing || timing.now() - startMs > COMMIT_PATIENCE_MS) return 'unavailable';
      await timing.delay(RETRY_MS);
    }
  }

  /** Its gauges too: they are the next owner's to show. */
  function forget(number: number): void {
    partitions.delete(number);
    alarm.end(number);
    const label = { partition: String(number) };
    metrics.consumerLag.remove({ topic: 'lifecycle', ...label });
    metrics.givenUp.remove(label);
    metrics.pageAgeSeconds.remove(label);
  }

  async function tick(): Promise<void> {
    await clock.refresh();
    metrics.clockStepSeconds.set((clock.stepMs() ?? 0) / 1000);
    await Promise.all([...partitions.keys()].map((number) => queue.run(number, () => tickPartition(number))));
    metrics.ownedPartitions.set(partitions.size);
  }

  async function tickPartition(number: number): Promise<void> {
    const partition = partitions.get(number);
    if (partition === undefined || closing) return;
    const { positions, pageTimeMs } = partition;
    const label = { partition: String(number) };
    metrics.consumerLag.set({ topic: 'lifecycle', ...label }, clock.lag(number, positions.lifecycle));
    metrics.givenUp.set(label, partition.ledger.scalars.givenUpCount);
    const nowMs = clock.storeNowMs();
    if (nowMs !== null && pageTimeMs !== null) metrics.pageAgeSeconds.set(label, (nowMs - pageTimeMs) / 1000);
    const nextMs = clock.pageTimeMs(partition);
    if (nextMs === null || nextMs === pageTimeMs) return;
    if (await commit(partition)) return;
    partitions.delete(number);
    ownership?.restart(number);
  }

  for (const outcome of ['followed', 'gone']) metrics.clockSteps.inc({ outcome }, 0);
  await clock.refresh();
  const owned = await log.own(
    {
      begin: (number) => queue.run(number, () => begin(number)),
      records: (topic, number, batch, next) => queue.run(number, () => records(topic, number, batch, next)),
      end: (number) =>
        queue.run(number, () => {
          forget(number);
          return Promise.resolve();
        }),
    },
    options.onFatal,
  );
  ownership = owned;
  const ticking = repeat(tick, TICK_MS, logger, timing);

  return {
    isReady: () => timing.now() - owned.lastFetchAtMs() < FETCH_SILENCE_MS,
    ownedPartitions: () => owned.owned(),
    async close() {
      closing = true;
      await ticking.stop();
      await owned.close();
      partitions.clear();
    },
  };
}

/**
 * How many of the samples may be read now: none that lies further ahead of page time than a sample lives. One that was appended by a
 * clock that was wrong is not waited for.
 */
function readable(
  partition: Partition,
  clock: PageClock,
  batch: readonly LogRecord[],
  sampleTtlMs: number,
): number {
  const limitMs = (partition.pageTimeMs ?? partition.lastLogTimeMs ?? Infinity) + sampleTtlMs;
  const tooFar = batch.findIndex(
    ({ appendTimeMs }) => appendTimeMs > limitMs && !clock.isTooFarAhead(appendTimeMs),
  );
  return tooFar === -1 ? batch.length : tooFar;
}

function foldRecords(
  partition: Partition,
  topic: OwnedTopic,
  batch: readonly LogRecord[],
  count: number,
  metrics: ProcessMetrics,
): AppendRecord[] {
  const forward: AppendRecord[] = [];
  for (const record of batch) {
    const { outcome, forward: copy } = takeRecord(partition, topic, record, count);
    if (copy !== undefined) forward.push(copy);
    if (outcome === 'misrouted') metrics.misrouted.inc();
    else if (outcome !== 'taken') metrics.deadLetters.inc({ reason: outcome });
  }
  metrics.recordsFolded.inc({ topic }, batch.length);
  return forward;
}

/** Runs what is asked for of the same partition one after the other. */
function openQueue(): { run<T>(number: number, task: () => Promise<T>): Promise<T> } {
  const tails = new Map<number, Promise<unknown>>();
  return {
    run(number, task) {
      const tail = tails.get(number) ?? Promise.resolve();
      const next = tail.then(task, task);
      tails.set(
        number,
        next.catch(() => undefined),
      );
      return next;
    },
  };
}

function repeat(
  task: () => Promise<void>,
  everyMs: number,
  logger: Logger,
  timing: Timing,
): { stop(): Promise<void> } {
  const abort = new AbortController();
  const running = (async () => {
    while (!abort.signal.aborted) {
      await task().catch((error: unknown) => {
        logger.error({ err: error }, 'a tick of the aggregator failed');
      });
      await timing.delay(everyMs, abort.signal);
    }
  })();
  return {
    async stop() {
      abort.abort();
      await running;
    },
  };
}
