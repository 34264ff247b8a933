/** An embedded store that is committed to by hand, and replicas of the exporter that answer over it. */
import { singleTokens } from '../../services/http/access';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { encodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { openPages } from '../../services/exporter/pages';
import { exporterRoutes } from '../../services/exporter/routes';
import { openViews } from '../../services/exporter/views';
import { httpApp } from '../../services/http/app';
import { type LogMarks } from '../../services/view/fold-head';
import { takeRecord } from '../../services/partition/intake';
import { closeBatch } from '../../services/partition/commit';
import { openPartition, type Partition } from '../../services/partition/partition';
import { openProcessMetrics, type ProcessMetrics } from '../../services/process/metrics';
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { type StateStore } from '../../services/store/port';
import { DEFAULT_SETTINGS } from '../support/history';
import { tell, type Told } from '../support/told';

const PARTITIONS = 2;
export const { sampleTtlMs: SAMPLE_TTL_MS } = DEFAULT_SETTINGS;

export interface World {
  readonly store: StateStore;
  /** Folds the events and commits every partition as of `pageTimeMs`. */
  commit(pageTimeMs: number, told?: readonly Told[], marks?: LogMarks): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-exporter-'));
  const store = openEmbeddedStore({ dir, partitions: PARTITIONS });
  const parts: Partition[] = [];
  let commits = 0;

  function take(told: Told, appendTimeMs: number): void {
    const event = tell(told);
    const number = partitionOf(routeOf(event).key, PARTITIONS);
    const topic = isTelemetry(event) ? 'telemetry' : 'lifecycle';
    const part = parts[number];
    if (part === undefined) throw new Error(`no partition ${number}`);
    const offset = part.positions[topic];
    const value = Buffer.from(encodeEvent(event));
    const record = { partition: number, offset, appendTimeMs, key: null, value };
    expect(takeRecord(part, topic, record, PARTITIONS).outcome).toBe('taken');
  }

  return {
    store,
    async commit(pageTimeMs, told = [], marks = {}) {
      for (let number = parts.length; number < PARTITIONS; number++) {
        const acquired = await store.acquire(number);
        if (acquired.kind !== 'acquired') throw new Error(acquired.detail);
        parts.push(openPartition(number, acquired, null, { ...DEFAULT_SETTINGS, asOfMs: null }));
      }
      for (const each of told) take(each, pageTimeMs);
      for (const part of parts) {
        part.marks = marks;
        const { generation, number: partition, epoch, counter: fromCounter } = part;
        const commit = { generation, partition, epoch, fromCounter, batchId: `batch ${commits++}` };
        expect(await store.commit({ ...commit, ...closeBatch(part, pageTimeMs) })).toEqual({
          kind: 'applied',
        });
        part.counter++;
      }
    },
    async close() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface Replica {
  readonly url: string;
  readonly metrics: ProcessMetrics;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export async function openReplica(
  store: StateStore,
  scrapeToken?: string,
  publicUrl?: URL,
): Promise<Replica> {
  const metrics = openProcessMetrics();
  const pages = openPages(openViews(store), SAMPLE_TTL_MS);
  const app = httpApp(pino({ level: 'silent' }), [
    exporterRoutes({
      pages,
      metrics,
      access: singleTokens({ scrape: scrapeToken }),
      publicUrl,
      notePageSize: () => undefined,
    }),
  ]);
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    metrics,
    async get(path, headers = {}) {
      // Node's own client asks for gzip where nothing else is said.
      const response = await fetch(url + path, { headers: { 'accept-encoding': 'identity', ...headers } });
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
