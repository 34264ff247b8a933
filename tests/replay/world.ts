/**
 * A log, a store and an owner of its partitions that commits when it is told to, with a clock of its own:
 * what a replay runs beside.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openViews } from '../../services/exporter/views';
import { openEmbeddedLog } from '../../services/log/embedded/log';
import type { EventLog, OwnedTopic } from '../../services/log/port';
import { writePage } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import { takeRecord } from '../../services/partition/intake';
import { markOf } from '../../services/partition/record-mark';
import { closeBatch } from '../../services/partition/commit';
import { loadPartition, openPartition, type Partition } from '../../services/partition/partition';
import { replay, type ReplayOptions, type Replayed } from '../../services/replay/replay';
import type { SeriesChange } from '../../services/replay/series-change';
import type { Change, GenerationStore, StateStore } from '../../services/store/port';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import type { Settings } from '../support/history';

export interface ReplayWorld {
  readonly log: EventLog;
  readonly store: GenerationStore;
  readonly settings: Settings & { readonly asOfMs: null };
  /** The log's clock. */
  nowMs: number;
  /** Puts lines on the log, each on its own partition, or on the one given. */
  append(lines: readonly string[], at?: { topic: OwnedTopic; partition: number }): Promise<void>;
  /**
   * Takes all partitions over that are not owned, reads to the log's ends (or so many records of each) and
   * commits.
   */
  live(pageTimeMs?: number, most?: number): Promise<void>;
  /** The owner forgets what it has: it takes over again. */
  forget(): void;
  page(atMs?: number): Promise<string>;
  /** Writes entries as somebody who has the store's password could. */
  plant(partition: number, changes: readonly Change[]): Promise<void>;
  replay(
    options?: Partial<ReplayOptions>,
  ): Promise<Replayed & { changes: readonly SeriesChange[]; held: number }>;
  close(): Promise<void>;
}

export async function openReplayWorld(settings: Settings): Promise<ReplayWorld> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-replay-'));
  const { partitions } = settings;
  const ledger = { ...settings, asOfMs: null };
  const clock = { nowMs: 0 };
  const log = await openEmbeddedLog({ dir, partitions, now: () => clock.nowMs });
  const store = openEmbeddedStore({ dir: join(dir, 'store'), partitions });
  const owned = new Map<number, Partition>();
  const views = openViews(store);

  const world: ReplayWorld = {
    log,
    store,
    settings: ledger,
    get nowMs() {
      return clock.nowMs;
    },
    set nowMs(nowMs) {
      clock.nowMs = nowMs;
    },
    async append(lines, at) {
      const records = lines.map((line) => {
        const value = Buffer.from(line);
        const decoded = decodeEvent(value);
        const route = decoded.ok ? routeOf(decoded.event) : { topic: 'lifecycle' as const, key: '' };
        const place = at ?? { topic: route.topic, partition: partitionOf(route.key, partitions) };
        return { ...place, key: route.key, value };
      });
      const result = await log.append(records);
      if (result.kind !== 'appended') throw new Error(result.detail);
    },
    async live(pageTimeMs = world.nowMs, most = Infinity) {
      for (let number = 0; number < partitions; number++) {
        const partition = owned.get(number) ?? (await takeOver(store, number, ledger));
        owned.set(number, partition);
        await readOn(log, partition, most);
        await commit(store, partition, pageTimeMs);
      }
    },
    forget: () => {
      owned.clear();
    },
    async page(atMs) {
      const refreshed = await views.refresh();
      if (refreshed.kind !== 'ready') throw new Error(refreshed.reason);
      const { sampleTtlMs } = settings;
      const request = { format: 'text' as const, atMs: atMs ?? null, sampleTtlMs, selection: WHOLE_PAGE };
      return [...writePage(refreshed.views, request)].join('');
    },
    async plant(partition, changes) {
      owned.delete(partition);
      const acquired = await store.acquire(partition);
      if (acquired.kind !== 'acquired' || acquired.head === null) throw new Error('nothing to plant it in');
      const { generation, epoch, counter: fromCounter, head } = acquired;
      const batch = { generation, partition, epoch, fromCounter, batchId: randomUUID(), head, changes };
      const result = await store.commit(batch);
      if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
    },
    async replay(options = {}) {
      let told = { changes: [] as readonly SeriesChange[], held: 0 };
      const replayed = await replay({
        log,
        store,
        settings: ledger,
        allowDecrease: false,
        rollback: false,
        onTotal: () => undefined,
        onFolded: () => undefined,
        onStep: () => undefined,
        onChanges: (changes, held) => {
          told = { changes, held };
        },
        ...options,
      });
      return { ...replayed, ...told };
    },
    async close() {
      await store.close();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return world;
}

async function takeOver(
  store: StateStore,
  number: number,
  settings: ReplayWorld['settings'],
): Promise<Partition> {
  const acquired = await store.acquire(number);
  if (acquired.kind !== 'acquired') throw new Error(acquired.detail);
  const partition = openPartition(number, acquired, null, settings);
  await loadPartition(partition, store);
  return partition;
}

/** As the aggregator does it; the copies of what stands on a wrong partition go to the log. */
async function readOn(log: EventLog, partition: Partition, most: number): Promise<void> {
  for (const topic of ['lifecycle', 'telemetry'] as const) {
    const bounds = await log.bounds(topic);
    if (bounds.kind !== 'bounds') throw new Error(bounds.detail);
    const from = partition.positions[topic];
    const to = Math.min(bounds.partitions[partition.number]!.end, from + most);
    for await (const records of log.read(topic, partition.number, from, to)) {
      for (const record of records) {
        const { outcome, forward } = takeRecord(partition, topic, record, log.partitions);
        if (outcome === 'misrouted' && forward !== undefined) await log.append([forward]);
      }
      partition.marks = { ...partition.marks, [topic]: markOf(records.at(-1))! };
    }
  }
}

async function commit(store: StateStore, partition: Partition, pageTimeMs: number): Promise<void> {
  const { number, generation, epoch, counter } = partition;
  const result = await store.commit({
    generation,
    partition: number,
    epoch,
    fromCounter: counter,
    batchId: randomUUID(),
    ...closeBatch(partition, Math.max(pageTimeMs, partition.pageTimeMs ?? 0)),
  });
  if (result.kind !== 'applied') throw new Error(JSON.stringify(result));
  partition.counter++;
}
