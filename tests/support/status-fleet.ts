/** A fleet to look at, and the status page of it as a server that a browser can ask. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { statusRoutes } from '../../services/exporter/status';
import { openLive } from '../../services/exporter/status/live';
import { openTrend } from '../../services/exporter/trend';
import type { Refreshed } from '../../services/exporter/views';
import { openHistory } from '../../services/history/file-fold';
import { singleTokens } from '../../services/http/access';
import { openProcessMetrics } from '../../services/process/metrics';
import { encodeEvent } from '../../events/codec';
import { DEFAULT_SETTINGS } from './history';
import { statusPages } from './status-pages';
import { instanceStarted, jobProvisioned, jobSubmitted, runSubmitted, tell, type Told } from './told';

const HOUR = 3_600_000;
const PROJECTS = ['main', 'research', 'serving'];
const USERS = ['ann', 'bob', 'cleo', 'dan'];
const BACKENDS = ['aws', 'gcp', 'lambda'];

/**
 * So many jobs, each on an instance of its own, since hours; one instance in ten is idle, one job is
 * orphaned.
 */
export function fleetOf(jobs: number, nowMs: number): Refreshed {
  const history = openHistory({ ...DEFAULT_SETTINGS, asOfMs: null }, 4);
  const take = (told: Told): void => {
    const refusal = history.take(Buffer.from(encodeEvent(tell(told))));
    if (refusal !== undefined) throw new Error(refusal.detail);
  };
  for (let n = 0; n < jobs; n++) {
    const [project, user, backend] = [PROJECTS, USERS, BACKENDS].map(
      (names) => names[n % names.length] ?? '',
    );
    const atMs = nowMs - ((n % 7) + 1) * HOUR;
    const price = { dollars_per_hour: 12.5 + (n % 9) };
    const resources = { cpus: 96, memory_bytes: 1e12, gpu: { name: 'H100', count: 8, memory_bytes: 80e9 } };
    const instance = { id: `i-${n}`, name: `node-${n}`, type: 'p5.48xlarge', backend };
    const run = { id: `r-${n}`, name: `train-${n}`, type: 'task' };
    const id = { run: { id: run.id }, job: { id: `j-${n}` } };
    const job = { id: `j-${n}`, name: `train-${n}-0-0`, num: 0, replica_num: 0 };
    take({ ...instanceStarted(instance.id, { project, instance, resources, price, status: 'busy' }), atMs });
    if (n % 10 === 9) {
      take({
        type: 'instance.status_changed',
        data: { instance: { id: instance.id }, status: 'idle' },
        atMs,
      });
      continue;
    }
    take({ ...runSubmitted(run.id, { project, user, run }), atMs });
    take({ ...jobSubmitted(job.id, { project, user, run, job }), atMs });
    take({ ...jobProvisioned(job.id, instance, { ...id, resources, price }), atMs });
    take({ type: 'job.status_changed', data: { ...id, status: 'running' }, atMs });
    if (n === 3)
      take({ type: 'run.finished', data: { run: { id: run.id }, status: 'done' }, atMs: nowMs - HOUR / 2 });
  }
  const { views } = history.finish();
  for (const view of views) view.pageTimeMs = nowMs;
  return { kind: 'ready', views, versions: views.map(() => ({ epoch: 3, counter: 1234 })) };
}

export interface StatusServer {
  readonly url: string;
  /** What the page is of from now on. */
  show(refreshed: Refreshed): void;
  close(): void;
}

/** @param trendMs how often the charts get a point */
export async function serveStatus(first: Refreshed, trendMs = 100): Promise<StatusServer> {
  let shown = first;
  const pages = statusPages(() => shown);
  const trend = openTrend(pages, DEFAULT_SETTINGS.sampleTtlMs, trendMs);
  const routes = statusRoutes(
    { pages, trend, metrics: openProcessMetrics(), access: singleTokens({}) },
    openLive(300),
  );
  const respond = new Koa().use(routes.routes()).callback();
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    show: (refreshed) => void (shown = refreshed),
    close() {
      trend.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}
