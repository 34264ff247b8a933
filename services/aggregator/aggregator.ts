import type { LedgerSettings } from '../fold/ledger';
import type { EventLog, Ownership, PartitionOwner } from '../log/port';
import type { Logger } from '../process/logger';
import type { ProcessMetrics } from '../process/metrics';
import type { StateStore } from '../store/port';
import { openAlarm } from './alarm';
import { openCommitter } from './committer';
import { openOwner } from './owner';
import type { Owner } from './owner';
import { openPageClock } from './page-clock';
import type { PageClock } from './page-clock';
import { openQueue } from './queue';
import type { Queue } from './queue';
import { repeat } from './repeat';
import { openCommitHealth } from './commit-health';
import type { StepNews } from './store-clock';
import { MONOTONIC } from './timing';
import type { Timing } from './timing';

/**
 * log → fold → store, for the partitions that this process owns (owner.ts has their lives).
 *
 * A batch of records is folded in memory, its dead letters and copies are made durable, then state, page time
 * and positions are committed together. What can't be committed is forgotten: `stale` means that another
 * owner has taken over. If the partition is still ours, it starts over from the store.
 */
export interface Aggregator {
  /**
   * Readiness: why it is not ready; undefined: it owns partitions or waits for them, fetches, its commits are
   * applied, and no page time of its is ahead of the clock.
   */
  trouble(): string | undefined;
  ownedPartitions(): readonly number[];
  /** Stops reading, commits what was folded, and gives up the partitions. */
  close(): Promise<void>;
}

export interface AggregatorOptions {
  readonly log: EventLog;
  readonly store: StateStore;
  readonly settings: LedgerSettings;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
  /** Delivery has ended for good: the process should end. */
  readonly onFatal: (error: Error) => void;
  /** Default: the process's own. */
  readonly timing?: Timing;
}

/** Page time must be committed at least once a second; twice as often leaves room for a slow answer. */
const TICK_MS = 400;
const FETCH_SILENCE_MS = 10_000;

export async function openAggregator(options: AggregatorOptions): Promise<Aggregator> {
  const { log, store, logger, metrics, timing = MONOTONIC } = options;
  let ownership: Ownership | undefined = undefined;
  const clock = openPageClock(log, store, timing, tellSteps(logger, metrics));
  const health = openCommitHealth(() => timing.now());
  const committer = openCommitter({
    ...{ store, clock, health, logger, metrics, timing },
    onCommitted: (number, positions) => ownership?.committed(number, positions),
  });
  const owner = openOwner({ ...options, clock, committer, health, alarm: openAlarm(logger) });
  const queue = openQueue();

  async function tick(): Promise<void> {
    await clock.refresh();
    metrics.clockStepSeconds.set((clock.stepMs() ?? 0) / 1000);
    const numbers = [...owner.partitions.keys()];
    await Promise.all(
      numbers.map(async (number) => {
        const outcome = await queue.run(number, () => owner.tick(number));
        if (outcome === 'lost') ownership?.restart(number);
      }),
    );
    metrics.ownedPartitions.set(owner.partitions.size);
  }

  await clock.refresh();
  const owned = await log.own(inTurn(owner, queue), options.onFatal);
  ownership = owned;
  const ticking = repeat(tick, TICK_MS, logger, timing);

  return {
    trouble() {
      const silentMs = timing.now() - owned.lastFetchAtMs();
      if (silentMs >= FETCH_SILENCE_MS) return 'no fetch has come back lately';
      return clockTrouble(clock, owner) ?? health.trouble();
    },
    ownedPartitions: () => owned.owned(),
    async close() {
      committer.close();
      await ticking.stop();
      await owned.close();
    },
  };
}

function inTurn(owner: Owner, queue: Queue): PartitionOwner {
  return {
    begin: (number) => queue.run(number, () => owner.begin(number)),
    records: (topic, number, records, next) =>
      queue.run(number, () => owner.take(number, { topic, records, next })),
    end: (number) =>
      queue.run(number, () => {
        owner.end(number);
        return Promise.resolve();
      }),
  };
}

function clockTrouble(clock: PageClock, { partitions }: Owner): string | undefined {
  const stepMs = clock.stepMs();
  if (stepMs !== null) {
    const by = `${String(Math.round(stepMs / 1000))} s`;
    return `the store's clock has stepped by ${by}: it is followed when it has stood for 60 s`;
  }
  for (const { number, pageTimeMs } of partitions.values()) {
    if (pageTimeMs === null || !clock.isTooFarAhead(pageTimeMs)) continue;
    const shown = new Date(pageTimeMs).toISOString();
    return `partition ${String(number)}: page time is ${shown}, ahead of the store's clock`;
  }
  return undefined;
}

const STEP_NEWS: Readonly<Record<StepNews, string>> = {
  seen: "the store's clock has stepped: page time follows it when it has stood for 60 s",
  followed: "page time follows the store's clock, which has stood since it stepped",
  gone: "the store's clock has stepped back to what it was, and was not followed",
};

function tellSteps(logger: Logger, metrics: ProcessMetrics): (news: StepNews, stepMs: number) => void {
  for (const outcome of ['followed', 'gone']) metrics.clockSteps.inc({ outcome }, 0);
  return (news, stepMs) => {
    if (news !== 'seen') metrics.clockSteps.inc({ outcome: news });
    logger.warn({ step_seconds: Math.round(stepMs / 1000) }, STEP_NEWS[news]);
  };
}
