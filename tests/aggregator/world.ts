/**
 * An aggregator over the embedded log and store in a folder of its own, with hands on what goes in between.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { encodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openAggregator, type Aggregator } from '../../services/aggregator/aggregator';
import { openViews } from '../../services/exporter/views';
import { openEmbeddedLog } from '../../services/log/embedded/log';
import type { AppendRecord, EventLog, LogRecord, Topic } from '../../services/log/port';
import { writePage } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import { openProcessMetrics, type ProcessMetrics } from '../../services/process/metrics';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import type { Commit, GenerationStore, StateStore } from '../../services/store/port';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import { tell, type Told } from '../support/told';

export const PARTITIONS = 4;

/** What a call is answered with instead; null: what it would be. */
interface Between {
  commit: (commit: Commit) => Promise<Awaited<ReturnType<StateStore['commit']>> | null>;
  acquire: () => Awaited<ReturnType<StateStore['acquire']>> | null;
  clock: () => Awaited<ReturnType<StateStore['clock']>> | null;
  append: (records: readonly AppendRecord[]) => Awaited<ReturnType<EventLog['append']>> | null;
}

export interface World {
  /** The log and the store themselves, untouched. */
  readonly log: EventLog;
  readonly store: GenerationStore;
  readonly between: Between;
  readonly metrics: ProcessMetrics;
  /** All commits that were applied, in order. */
  readonly applied: Commit[];
  /** What the aggregator said, JSON a line. */
  readonly said: string[];
  start(settings?: {
    readonly latenessMs?: number;
    readonly sampleTtlMs?: number;
    readonly log?: EventLog;
  }): Promise<Aggregator>;
  /** Puts events on the log, where they belong. */
  send(...told: readonly Told[]): Promise<void>;
  /** The page as a replica has it now: as of page time, or of a moment. Null while there is none. */
  page(atMs?: number): Promise<ReadonlyMap<string, number> | null>;
  /** Why there is no page now. */
  refusal(): Promise<string | null>;
  /** All records of a topic. */
  records(topic: Topic): Promise<LogRecord[]>;
  /** The sum of a metric's series. */
  counted(name: string): Promise<number>;
  close(): Promise<void>;
}

/** `now`: the log's clock. */
export async function openWorld(now: () => number = Date.now): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-aggregator-'));
  const log = await openEmbeddedLog({ dir, partitions: PARTITIONS, now });
  const store = openEmbeddedStore({ dir: join(dir, 'store'), partitions: PARTITIONS });
  const metrics = openProcessMetrics();
  const running: Aggregator[] = [];
  const applied: Commit[] = [];
  const said: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => said.push(line) });
  const between: Between = {
    commit: () => Promise.resolve(null),
    acquire: () => null,
    clock: () => null,
    append: () => null,
  };
  const overStore: StateStore = {
    ...store,
    acquire: async (partition) => between.acquire() ?? store.acquire(partition),
    clock: async () => between.clock() ?? store.clock(),
    async commit(commit) {
      const answer = (await between.commit(commit)) ?? (await store.commit(commit));
      if (answer.kind === 'applied') applied.push(commit);
      return answer;
    },
  };
  const overLog = (to: EventLog): EventLog => ({
    ...to,
    append: async (records) => between.append(records) ?? to.append(records),
  });
  const views = openViews(store);
  return {
    log,
    store,
    between,
    metrics,
    applied,
    said,
    async start({ log: on = log, ...given } = {}) {
      const settings = { ...DEFAULT_SETTINGS, ...given, asOfMs: null };
      const onFatal = (error: Error): void => void said.push(`fatal: ${error.message}`);
      const parts = { log: overLog(on), store: overStore, settings, logger, metrics, onFatal };
      const aggregator = await openAggregator(parts);
      running.push(aggregator);
      return aggregator;
    },
    async send(...told) {
      const records = told.map((each) => recordOf(tell(each)));
      const answer = await log.append(records);
      if (answer.kind !== 'appended') throw new Error(answer.detail);
    },
    async page(atMs) {
      const refreshed = await views.refresh();
      if (refreshed.kind !== 'ready') return null;
      const { sampleTtlMs } = DEFAULT_SETTINGS;
      const request = { format: 'text' as const, atMs: atMs ?? null, sampleTtlMs, selection: WHOLE_PAGE };
      return readPage([...writePage(refreshed.views, request)].join(''));
    },
    async refusal() {
      const refreshed = await views.refresh();
      return refreshed.kind === 'ready' ? null : refreshed.reason;
    },
    async records(topic) {
      const bounds = await log.bounds(topic);
      if (bounds.kind !== 'bounds') throw new Error(bounds.detail);
      const all: LogRecord[] = [];
      for (const [partition, { end }] of bounds.partitions.entries()) {
        for await (const chunk of log.read(topic, partition, 0, end)) all.push(...chunk);
      }
      return all;
    },
    async counted(name) {
      const metric = await metrics.registry.getSingleMetric(name)?.get();
      return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
    },
    async close() {
      for (const aggregator of running) await aggregator.close();
      await log.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function recordOf(event: ReturnType<typeof tell>): AppendRecord {
  const { topic, key } = routeOf(event);
  return { topic, key, partition: partitionOf(key, PARTITIONS), value: Buffer.from(encodeEvent(event)) };
}
