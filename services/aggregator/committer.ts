import { randomUUID } from 'node:crypto';
import type { Positions } from '../log/port';
import { closeBatch } from '../partition/commit';
import { followClock } from '../partition/partition';
import type { Partition } from '../partition/partition';
import type { Logger } from '../process/logger';
import type { ProcessMetrics } from '../process/metrics';
import type { Commit, CommitResult, StateStore } from '../store/port';
import type { PageClock } from './page-clock';
import type { CommitHealth } from './commit-health';
import type { Timing } from './timing';

export interface Committer {
  /**
   * Commits what was folded, as of the current page time. False: the state in memory is no longer that of the
   * store.
   */
  commit(partition: Partition): Promise<boolean>;
  /** From now on commits are not retried, and page time alone is not committed. */
  close(): void;
  isClosed(): boolean;
}

export interface CommitterOptions {
  readonly store: StateStore;
  readonly clock: PageClock;
  readonly health: CommitHealth;
  readonly logger: Logger;
  readonly metrics: ProcessMetrics;
  readonly timing: Timing;
  readonly onCommitted: (number: number, positions: Positions) => void;
}

/** How long a commit is retried before the partition is dropped, to start over when the store is back. */
const COMMIT_PATIENCE_MS = 5000;
const RETRY_MS = 100;

export function openCommitter(options: CommitterOptions): Committer {
  const { store, clock, health, logger, metrics, timing, onCommitted } = options;
  let isClosed = false;

  async function commitPatiently(request: Commit): Promise<CommitResult> {
    const startMs = timing.now();
    for (;;) {
      const result = await store.commit(request);
      if (result.kind !== 'unavailable') {
        metrics.commitSeconds.observe((timing.now() - startMs) / 1000);
        return result;
      }
      health.failed(request.partition, result.detail);
      if (isClosed || timing.now() - startMs > COMMIT_PATIENCE_MS) return result;
      await timing.delay(RETRY_MS);
    }
  }

  function tellReturn({ number, view }: Partition, fromMs: number, toMs: number): void {
    metrics.pageTimeReturns.inc();
    const [from, to] = [fromMs, toMs].map((timeMs) => new Date(timeMs).toISOString());
    logger.warn(
      { partition: number, from, to, held: view.holds.size },
      "page time was ahead of the store's clock and has gone back to it: what was shown is held",
    );
  }

  return {
    async commit(partition) {
      const { number, generation, epoch, counter, pageTimeMs: wasMs } = partition;
      const clockMs = clock.followedMs();
      if (clockMs !== null) followClock(partition, clockMs);
      const batch = closeBatch(partition, clock.pageTimeMs(partition) ?? 0);
      const named = { generation, partition: number, epoch, fromCounter: counter, batchId: randomUUID() };
      const { kind: result } = await commitPatiently({ ...named, ...batch });
      metrics.commits.inc({ result });
      if (result !== 'applied') {
        if (result === 'stale') health.failed(number, 'another process has taken it over');
        logger.warn({ partition: number, epoch, result }, 'commit not applied: the partition starts over');
        return false;
      }
      partition.counter++;
      health.committed(number);
      onCommitted(number, batch.head.positions);
      if (wasMs !== null && batch.head.pageTimeMs < wasMs)
        tellReturn(partition, wasMs, batch.head.pageTimeMs);
      return true;
    },
    close() {
      isClosed = true;
    },
    isClosed: () => isClosed,
  };
}
