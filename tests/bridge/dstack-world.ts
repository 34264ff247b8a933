/** A dstack stand-in and a life on it, and readers of it. */
import { openFetcher, type Fetcher } from '../../services/http/fetcher';
import { openDstackClient } from '../../services/bridge/dstack/client';
import { openDstack } from '../../services/bridge/dstack/dstack';
import { openServerClock } from '../../services/bridge/dstack/server-clock';
import { openBridgeMetrics, type BridgeMetrics } from '../../services/bridge/metrics';
import type { ControlPlane } from '../../services/bridge/port';
import type { World } from './contract';
import {
  assign,
  createInstance,
  createVolume,
  setInstance,
  setVolume,
  setJob,
  setRun,
  submitJob,
  submitRun,
} from './happenings';
import { startStandIn, TOKEN, type StandIn } from './stand-in';

export interface DstackWorld extends World {
  readonly standIn: StandIn;
  readonly metrics: BridgeMetrics;
}

/**
 * @param life what happens, step by step; by default a bit of everything
 * @param aheadMs how far dstack's clock is ahead of the readers'
 */
export async function openDstackWorld(
  life: (at: StandIn) => readonly (() => void)[] = lifeOfAll,
  aheadMs = 0,
): Promise<DstackWorld> {
  const standIn = await startStandIn();
  const steps = [...life(standIn)];
  const fetchers: Fetcher[] = [];
  const metrics = openBridgeMetrics();
  return {
    standIn,
    metrics,
    open(): ControlPlane {
      const fetcher = openFetcher({ timeoutMs: 2000, bodyBytes: 10_000_000, heldBytes: 20_000_000 });
      fetchers.push(fetcher);
      return openReader(standIn, fetcher, metrics, aheadMs);
    },
    happen() {
      standIn.pass(30);
      const step = steps.shift();
      step?.();
      return step !== undefined;
    },
    nowMs: () => Math.floor(standIn.nowMicros() / 1000),
    async close() {
      for (const fetcher of fetchers) fetcher.close();
      await standIn.close();
    },
  };
}

function openReader(
  standIn: StandIn,
  fetcher: Fetcher,
  metrics: BridgeMetrics,
  aheadMs: number,
): ControlPlane {
  const clock = openServerClock();
  const now = (): number => Math.floor(standIn.nowMicros() / 1000) - aheadMs;
  const client = openDstackClient({
    url: standIn.url,
    fetcher,
    authorization: () => ({ authorization: `Bearer ${TOKEN}` }),
    pageAuthorization: () => ({}),
    clock,
    now,
    onAnswer: (call, result) => {
      metrics.requests.inc({ call, result });
    },
    onBadRows: (call, rows) => {
      metrics.unreadableRows.inc({ call }, rows);
    },
  });
  return openDstack({ client, clock, metrics, gpuFields: 'all', now });
}

/**
 * Two runs of which one has two jobs, a retry for want of capacity, a run that fails; instances that come,
 * idle and go.
 */
function lifeOfAll(at: StandIn): readonly (() => void)[] {
  const instances = ['i-0', 'i-1', 'i-2'].map((name) => () => createInstance(at, name));
  const made: ReturnType<typeof createInstance>[] = [];
  const runs: ReturnType<typeof submitRun>[] = [];
  const run = (n: number) => runs[n] ?? never();
  const instance = (n: number) => made[n] ?? never();
  const job = (n: number, num = 0) => run(n).jobs[num]?.job_submissions.at(-1) ?? never();
  const end = (n: number, status: string, jobReason: string, runReason: string) => [
    () => setRun(at, run(n), 'terminating', runReason),
    () => setJob(at, run(n), job(n), 'terminating', jobReason),
    () => setJob(at, run(n), job(n), status),
    () => setRun(at, run(n), status),
  ];
  const volumes: ReturnType<typeof createVolume>[] = [];
  const volume = () => volumes[0] ?? never();
  return [
    () => void volumes.push(createVolume(at, 'data')),
    () => setVolume(at, volume(), 'active'),
    ...instances.map((create) => () => void made.push(create())),
    () => setInstance(at, instance(0), 'provisioning'),
    () => setInstance(at, instance(1), 'provisioning'),
    () => setInstance(at, instance(0), 'idle'),
    () => setInstance(at, instance(1), 'idle'),
    () => void runs.push(submitRun(at, 'train', 2)),
    () => assign(at, run(0), job(0), instance(0)),
    () => assign(at, run(0), job(0, 1), instance(1)),
    () => setRun(at, run(0), 'provisioning'),
    () => setJob(at, run(0), job(0), 'pulling'),
    () => setJob(at, run(0), job(0), 'running'),
    () => setJob(at, run(0), job(0, 1), 'running'),
    () => setRun(at, run(0), 'running'),
    () => void runs.push(submitRun(at, 'fine-tune')),
    () => setJob(at, run(1), job(1), 'terminating', 'FAILED_TO_START_DUE_TO_NO_CAPACITY'),
    () => setJob(at, run(1), job(1), 'failed'),
    () => setRun(at, run(1), 'pending'),
    () => {
      setRun(at, run(1), 'submitted');
      submitJob(at, run(1), 0);
    },
    () => setJob(at, run(0), job(0, 1), 'terminating', 'TERMINATED_BY_SERVER'),
    () => setJob(at, run(0), job(0, 1), 'terminated'),
    ...end(0, 'failed', 'CONTAINER_EXITED_WITH_ERROR', 'JOB_FAILED'),
    () => setInstance(at, instance(1), 'idle'),
    () => assign(at, run(1), job(1), instance(1)),
    () => setRun(at, run(1), 'provisioning'),
    // As a fleet gives up an instance that idles: without a word.
    () => setInstance(at, instance(0), 'terminating', true),
    () => setInstance(at, instance(0), 'terminated'),
    () => setVolume(at, volume()),
    () => setJob(at, run(1), job(1), 'running'),
    () => setRun(at, run(1), 'running'),
  ];
}

function never(): never {
  throw new Error('it is not there yet');
}
