/**
 * A small fleet in which much lies close together: few runs with many jobs each, GPUs that jobs share and
 * leave, so that most changes touch a bucket, an instance or a sample that others are in. Its owners commit,
 * and replicas take the changes in, as with a store.
 */
import { isTelemetry } from '../../events/event';
import { partitionOf, routeOf } from '../../events/routing';
import { takeLifecycle, takeSample } from '../../services/fold/ledger';
import { BUCKETS } from '../../services/page/layout';
import { closeBatch } from '../../services/partition/commit';
import { openPartition } from '../../services/partition/partition';
import { applyEntry } from '../../services/view/entries';
import { emptyView, type PartitionView } from '../../services/view/view';
import { openRandom, type Random } from './history-random';
import { tell } from './told';

/** Not a power of two: there are buckets of several partitions. */
const PARTITIONS = 3;
const START_MS = Date.UTC(2026, 10, 24, 8);
const SETTINGS = { latenessMs: 900_000, dedupeMs: 86_400_000, sampleTtlMs: 600_000, asOfMs: null };
export const CROWD_TTL_MS = SETTINGS.sampleTtlMs;

const [JOBS, GPUS] = [12, 4];
/** Half of them, and all runs, lie in one bucket. */
const INSTANCES = [...neighbours('i', 5), 'i1', 'i2', 'i3', 'i4', 'i5'];
const RUNS = neighbours('r', 4);
const PROJECTS = ['main', 'ml'];
const STATUSES = ['provisioning', 'pulling', 'running', 'terminating'];

export interface Crowd {
  /** As a replica has them. */
  readonly views: readonly PartitionView[];
  /** So many things happen, time passes, and all partitions commit. */
  change(count: number, laterMs: number): void;
}

export function openCrowd(seed: number): Crowd {
  const random = openRandom(seed);
  const parts = Array.from({ length: PARTITIONS }, (_, number) => {
    const acquired = {
      kind: 'acquired',
      generation: 'g',
      epoch: 1,
      counter: 0,
      head: null,
      behind: false,
    } as const;
    return openPartition(number, acquired, null, SETTINGS);
  });
  const views = parts.map(() => ({ ...emptyView(), pageTimeMs: START_MS }));
  let nowMs = START_MS;

  function happen(): void {
    const [type, data] = KINDS[random.weighted(WEIGHTS)](random);
    // Some are learned late: what was shown by then is held.
    const atMs = nowMs - (random.chance(0.3) ? random.integer(0, 120_000) : 0);
    const event = tell({ type, data, atMs });
    const ledger = parts[partitionOf(routeOf(event).key, PARTITIONS)]!.ledger;
    if (isTelemetry(event)) takeSample(ledger, event, nowMs);
    else takeLifecycle(ledger, event, nowMs);
  }

  return {
    views,
    change(count, laterMs) {
      for (let i = 0; i < count; i++) happen();
      nowMs += laterMs;
      for (const [i, part] of parts.entries()) {
        // Each has a page time of its own.
        const { changes, head } = closeBatch(part, nowMs - i * 137);
        const view = views[i]!;
        for (const { space, key, value } of changes) if (space === 'shown') applyEntry(view, key, value);
        view.pageTimeMs = head.pageTimeMs;
      }
    },
  };
}

type Data = Readonly<Record<string, unknown>>;
type Happening = readonly [type: string, data: Data];

const WEIGHTS = {
  instanceStarted: 3,
  instanceStatus: 2,
  instanceTerminated: 0.7,
  runSubmitted: 1.5,
  runFinished: 0.3,
  jobSubmitted: 6,
  jobProvisioned: 6,
  jobStatus: 5,
  jobPrice: 2,
  jobFinished: 1,
  usage: 5,
  gpuOfJob: 2,
  gpuOfInstance: 5,
};

const KINDS: { readonly [K in keyof typeof WEIGHTS]: (random: Random) => Happening } = {
  instanceStarted: (random) => {
    const instance = { ...instanceOf(random), backend: random.pick(['aws', 'gcp']), type: 'p5' };
    const project = random.pick(PROJECTS);
    return [
      'instance.started',
      { project, instance, resources: resourcesOf(random), price: priceOf(random), status: 'busy' },
    ];
  },
  instanceStatus: (random) => [
    'instance.status_changed',
    { instance: { id: instanceOf(random).id }, status: random.pick(['idle', 'busy']) },
  ],
  instanceTerminated: (random) => ['instance.terminated', { instance: { id: instanceOf(random).id } }],
  runSubmitted: (random) => {
    const run = runOf(random);
    return ['run.submitted', { ...ownersOf(run.id), run }];
  },
  runFinished: (random) => ['run.finished', { run: { id: runOf(random).id }, status: 'done' }],
  jobSubmitted: (random) => {
    const run = runOf(random);
    const id = jobOf(random);
    const name = `${id} "${random.integer(0, 1)}"\n`;
    return ['job.submitted', { ...ownersOf(run.id), run, job: { id, name, num: 0, replica_num: 0 } }];
  },
  jobProvisioned: (random) => {
    const instance = { ...instanceOf(random), backend: 'aws', ...gpusOf(random) };
    return [
      'job.provisioned',
      { ...idsOf(random), instance, resources: resourcesOf(random), price: priceOf(random) },
    ];
  },
  jobStatus: (random) => ['job.status_changed', { ...idsOf(random), status: random.pick(STATUSES) }],
  jobPrice: (random) => ['job.price_changed', { ...idsOf(random), price: priceOf(random) }],
  jobFinished: (random) => ['job.finished', { ...idsOf(random), status: 'done' }],
  usage: (random) => [
    'job.sampled',
    {
      ...idsOf(random),
      cpu_time_seconds: random.integer(0, 1e6) / 7,
      gpus: [{ usage_ratio: random.next() }, { memory_usage_bytes: random.integer(0, 1e9) }],
    },
  ],
  gpuOfJob: (random) => ['gpu.sampled', { ...idsOf(random), ...gpuSample(random) }],
  gpuOfInstance: (random) => [
    'gpu.sampled',
    { instance: { id: instanceOf(random).id }, ...gpuSample(random) },
  ],
};

/** Ids whose buckets are the same. */
function neighbours(prefix: string, count: number): string[] {
  const ids: string[] = [];
  const bucket = partitionOf(`${prefix}0`, BUCKETS);
  for (let n = 0; ids.length < count; n++)
    if (partitionOf(`${prefix}${n}`, BUCKETS) === bucket) ids.push(`${prefix}${n}`);
  return ids;
}

function runOf(random: Random): { id: string; name: string; type: string } {
  const id = random.pick(RUNS);
  return { id, name: `run ${id}`, type: 'task' };
}

function ownersOf(runId: string): Data {
  return { project: PROJECTS[RUNS.indexOf(runId) % PROJECTS.length], user: 'u' };
}

function jobOf(random: Random): string {
  return `j${random.integer(1, JOBS)}`;
}

function idsOf(random: Random): { run: { id: string }; job: { id: string } } {
  return { run: { id: runOf(random).id }, job: { id: jobOf(random) } };
}

function instanceOf(random: Random): { id: string; name: string } {
  const id = random.pick(INSTANCES);
  return { id, name: `instance ${id}` };
}

function resourcesOf(random: Random): Data {
  const gpu = { name: random.pick(['H100', 'A100']), count: random.integer(1, 8), memory_bytes: 80e9 };
  return { cpus: random.integer(1, 192), memory_bytes: 1e12, ...(random.chance(0.9) ? { gpu } : {}) };
}

function priceOf(random: Random): Data {
  return { dollars_per_hour: random.integer(0, 100) + random.integer(0, 1000) / 1000 };
}

/** Of the GPUs of all instances, so that jobs are on some of them. */
function gpusOf(random: Random): Data {
  if (random.chance(0.2)) return {};
  return { gpu_uuids: Array.from({ length: random.integer(0, 2) }, () => uuidOf(random)) };
}

function uuidOf(random: Random): string {
  return `GPU-${random.integer(1, GPUS)}`;
}

function gpuSample(random: Random): Data {
  const exporter = random.pick(['dcgm', 'amd']);
  const [util, watts, odd] =
    exporter === 'dcgm'
      ? ['DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_ODD_total']
      : ['gpu_gfx_activity', 'gpu_package_power', 'dstack_odd'];
  const families = {
    [util]: { type: 'gauge', help: `help ${random.integer(0, 1)}` },
    [watts]: { type: random.pick(['gauge', 'counter']), help: '' },
  };
  const series = Array.from({ length: random.integer(1, 4) }, () => ({
    labels: {
      [exporter === 'dcgm' ? 'UUID' : 'gpu_uuid']: uuidOf(random),
      gpu: String(random.integer(0, 1)),
      ...(random.chance(0.3) ? { dstack_run_name: 'clash' } : {}),
    },
    values: {
      [util]: random.pick([0, 50, 100, 4294967295, 2147483632]),
      [watts]: random.integer(-5, 700),
      ...(random.chance(0.2) ? { [odd]: 1, DCGM_FI_DEV_ODD: 2 } : {}),
    },
  }));
  return { exporter, families, series };
}
