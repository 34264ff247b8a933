import type { LedgerSettings } from '../fold/ledger';
import type { AppendRecord, EventLog, Positions, OwnedTopic } from '../log/port';
import type { Partition } from '../partition/partition';
import type { Logger } from '../process/logger';
import type { ProcessMetrics } from '../process/metrics';
import type { StateStore } from '../store/port';
import type { Alarm } from './alarm';
import { countFoldable, foldBatch } from './batch';
import type { Batch } from './batch';
import type { Committer } from './committer';
import type { PageClock } from './page-clock';
import type { CommitHealth } from './commit-health';
import { takeOver } from './take-over';

/**
 * The partitions that are folded in this process. One call at a time for each of them.
 *
 * A partition's life in this process:
 *
 *             begin()             taken over             caught up with what may have been shown
 *     ended ──────────> waiting ────────────> behind ──────────────────────────────────────> shown
 *       ^              │  ^ │ ^                │ │ ^                                         │ │ ^
 *       │              │  └─┘ │                │ └─┘ take(), tick(): a commit was applied    │ └─┘
 *       │       log or store  └── lost ────────┴───────────────────── lost ──────────────────┘
 *       │       away, state               its commit is stale, can't be written for 5 s,
 *       │       unusable                  or its dead letters can't
 *       └── end(), from each of them: the log gives it to another process
 *
 * `behind` if the store may have been rewound, otherwise `shown` at once. An owner that has lost a partition
 * forgets its state and waits until the log calls begin() again.
 */
export interface Owner {
  /** Those that have been taken over. */
  readonly partitions: ReadonlyMap<number, Partition>;
  /** Where to continue reading; null: it waits. */
  begin(number: number): Promise<Positions | null>;
  /** How many of the records were taken. */
  take(number: number, batch: Batch): Promise<number | 'lost'>;
  /** Commits its page time if that has moved. */
  tick(number: number): Promise<'owned' | 'lost'>;
  end(number: number): void;
}

export interface OwnerOptions {
  readonly log: EventLog;
  readonly store: StateStore;
  readonly settings: LedgerSettings;
  readonly clock: PageClock;
  readonly committer: Committer;
  readonly health: CommitHealth;
  readonly alarm: Alarm;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
}

export function openOwner(options: OwnerOptions): Owner {
  const { log, settings, clock, committer, health, alarm, logger, metrics } = options;
  const partitions = new Map<number, Partition>();

  function lose(number: number): 'lost' {
    partitions.delete(number);
    return 'lost';
  }

  return {
    partitions,
    async begin(number) {
      partitions.delete(number);
      health.begun(number);
      const partition = await takeOver(number, options);
      if (typeof partition === 'string') {
        health.failed(number, partition);
        return null;
      }
      partitions.set(number, partition);
      metrics.takeovers.inc();
      logger.debug(
        { partition: number, epoch: partition.epoch, positions: partition.positions },
        'took over',
      );
      return partition.positions;
    },
    async take(number, batch) {
      const partition = partitions.get(number);
      if (partition === undefined) return 'lost';
      const count = countFoldable(partition, clock, batch, settings.sampleTtlMs);
      const { forward, timesMs } = foldBatch(partition, batch, count, log.partitions, metrics);
      if (count === 0) return 0;
      const isThere = (await forwardAll(options, number, forward)) && (await committer.commit(partition));
      if (!isThere) return lose(number);
      measureVisible(batch.topic, timesMs, clock, metrics);
      return count;
    },
    async tick(number) {
      const partition = partitions.get(number);
      if (partition === undefined || committer.isClosed()) return 'owned';
      measure(partition, clock, metrics);
      const nextMs = clock.pageTimeMs(partition);
      if (nextMs === null || nextMs === partition.pageTimeMs) return 'owned';
      return (await committer.commit(partition)) ? 'owned' : lose(number);
    },
    end(number) {
      partitions.delete(number);
      alarm.end(number);
      health.ended(number);
      measureNoMore(number, metrics);
    },
  };
}

/** Dead letters and copies: they are durable before the position passes their records. */
async function forwardAll(
  { log, health, logger }: OwnerOptions,
  number: number,
  forward: readonly AppendRecord[],
): Promise<boolean> {
  if (forward.length === 0) return true;
  const result = await log.append(forward);
  if (result.kind === 'appended') return true;
  health.failed(number, result.detail);
  logger.warn({ detail: result.detail }, 'dead letters could not be written');
  return false;
}

function measure(
  { number, positions, pageTimeMs, ledger }: Partition,
  clock: PageClock,
  metrics: ProcessMetrics,
): void {
  const label = { partition: String(number) };
  metrics.consumerLag.set({ topic: 'lifecycle', ...label }, clock.lag(number, positions.lifecycle));
  metrics.givenUp.set(label, ledger.scalars.givenUpCount);
  const nowMs = clock.storeNowMs();
  if (nowMs !== null && pageTimeMs !== null) metrics.pageAgeSeconds.set(label, (nowMs - pageTimeMs) / 1000);
}

/**
 * What is older than this when it gets on the page is history, told later: how long it took to be told is not
 * ours to measure.
 */
const HISTORY_MS = 3_600_000;

function measureVisible(
  topic: OwnedTopic,
  timesMs: readonly number[],
  clock: PageClock,
  metrics: ProcessMetrics,
): void {
  const nowMs = clock.storeNowMs();
  if (nowMs === null) return;
  const visible = metrics.visibleSeconds.labels(topic);
  for (const timeMs of timesMs) {
    const tookMs = nowMs - timeMs;
    if (tookMs < HISTORY_MS) visible.observe(Math.max(0, tookMs) / 1000);
  }
}

/** The next owner will show its gauges. */
function measureNoMore(number: number, metrics: ProcessMetrics): void {
  const label = { partition: String(number) };
  metrics.consumerLag.remove({ topic: 'lifecycle', ...label });
  metrics.givenUp.remove(label);
  metrics.pageAgeSeconds.remove(label);
}
