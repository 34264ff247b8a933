/** The page: contract.md, section 2, entity by entity. */
import {
  accrued,
  blocksOf,
  endOf,
  gpuOf,
  latest,
  latestText,
  lifeOf,
  priceOf,
  statusOf,
  type Gpu,
  type Life,
} from './entity';
import { openFigures, quotient, type Figures, type Labels } from './figures';
import { type Entity } from './judge';
import { listAt, member, numberAt } from './json';
import { openPassthrough, type Passthrough } from './passthrough';
import { FINISHED, jobKey, UNFINISHED, type EntityKind, type Fact } from './read';
import { openOrphans } from './orphans';
import { type Samples } from './samples';

const SHOWN: Readonly<Record<'instance' | 'job', readonly string[]>> = {
  instance: ['provisioning', 'idle', 'busy', 'terminating'],
  job: ['provisioning', 'pulling', 'running', 'terminating'],
};
const QUEUE_SECONDS = [15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 420, 480, 540, 600, 900, 1200, 1800];
const RUN_SECONDS = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800];
const MS_AN_HOUR = 3_600_000n;
/** Digits after the point: a nano-dollar, a millisecond. */
const NANO = 9;
const MILLI = 3;

export interface PageInput {
  readonly entities: readonly Entity[];
  readonly samples: Samples;
  /** Newest `time` taken from each source. */
  readonly sources: ReadonlyMap<string, number>;
  /** Facts later than this are left out: a page as of a time. */
  readonly atMs: number;
  readonly pageTimeOf: (partition: number) => number;
  /** What `fleetmeter_page_timestamp_seconds` says. */
  readonly pageTimeMs: number;
}

/** All series of the page. */
export function pageOf(input: PageInput): Map<string, number> {
  const figures = openFigures();
  const passthrough = openPassthrough(figures, input.samples);
  const orphans = openOrphans();
  for (const { kind, partition, facts } of input.entities) {
    const life = lifeOf(
      kind,
      facts.filter((fact) => fact.timeMs <= input.atMs),
    );
    orphans.see(life, facts[0]?.entity ?? '');
    if (kind === 'job') occupyGpus(passthrough, life);
    if (life.started === undefined) continue;
    const pageTimeMs = input.pageTimeOf(partition);
    switch (kind) {
      case 'instance':
        putInstance(figures, passthrough, life, life.started, pageTimeMs);
        break;
      case 'run':
        putRun(figures, life, life.started);
        break;
      case 'job':
        putJob(figures, passthrough, input.samples, life, life.started, pageTimeMs);
        orphans.seeJob(life, isShownJob(life), pageTimeMs);
        break;
      case 'volume':
        putVolume(figures, life, life.started, pageTimeMs);
        break;
    }
  }
  passthrough.write();
  orphans.write(figures);
  figures.put('fleetmeter_page_timestamp_seconds', [], input.pageTimeMs / 1000);
  for (const [source, timeMs] of input.sources) {
    figures.put('fleetmeter_source_last_event_timestamp_seconds', [['source', source]], timeMs / 1000);
  }
  return figures.series();
}

function countStatus(figures: Figures, kind: EntityKind, project: string, status: string): void {
  for (const each of UNFINISHED[kind]) {
    const labels: Labels = [
      ['dstack_project_name', project],
      ['status', each],
    ];
    figures.add(`fleetmeter_${kind}s`, labels, each === status ? 1n : 0n, 0);
  }
}

function putInstance(
  figures: Figures,
  passthrough: Passthrough,
  life: Life,
  started: Fact,
  pageTimeMs: number,
): void {
  const text = (path: string): string => latestText(life.described, path);
  const gpu = gpuOf(life.described);
  const status = statusOf(life);
  countStatus(figures, 'instance', text('project'), status);
  const endMs = endOf(life, pageTimeMs);
  const cost = accrued(life, started.timeMs, endMs, SHOWN.instance) / MS_AN_HOUR;
  const idleCost = accrued(life, started.timeMs, endMs, ['idle']) / MS_AN_HOUR;
  const fleet: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_fleet_name', text('fleet.name')],
    ['dstack_backend', text('instance.backend')],
    ['dstack_gpu', gpu.name],
    ['dstack_instance_type', text('instance.type')],
  ];
  figures.add('fleetmeter_fleet_cost_dollars_total', fleet, cost, NANO);
  figures.add('fleetmeter_fleet_idle_cost_dollars_total', fleet, idleCost, NANO);
  if (!SHOWN.instance.includes(status)) return;
  const labels: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_fleet_name', text('fleet.name')],
    ['dstack_fleet_id', text('fleet.id')],
    ['dstack_instance_name', text('instance.name')],
    ['dstack_instance_id', text('instance.id')],
    ['dstack_instance_type', text('instance.type')],
    ['dstack_backend', text('instance.backend')],
    ['dstack_gpu', gpu.name],
  ];
  passthrough.showInstance(text('instance.id'), labels);
  const ageSeconds = Math.max(0, pageTimeMs - started.timeMs) / 1000;
  figures.put('dstack_instance_duration_seconds_total', labels, ageSeconds);
  figures.put('dstack_instance_price_dollars_per_hour', labels, quotient(priceOf(life), NANO));
  figures.put('dstack_instance_gpu_count', labels, gpu.count);
  figures.put('fleetmeter_instance_cost_dollars_total', labels, quotient(cost, NANO));
}

function putRun(figures: Figures, life: Life, started: Fact): void {
  const text = (path: string): string => latestText(life.described, path);
  const status = statusOf(life);
  countStatus(figures, 'run', text('project'), status);
  const who: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_user_name', text('user')],
  ];
  figures.add('dstack_run_count_total', who, 1n, 0);
  for (const each of FINISHED.run) {
    figures.add(`dstack_run_count_${each}_total`, who, each === status ? 1n : 0n, 0);
  }
  const queueMs: number[] = [];
  let pendings = 0n;
  life.points.forEach((point, index) => {
    const before = life.points[index - 1]?.status;
    if (before === undefined) return;
    if (before === 'submitted' && point.status === 'provisioning') {
      queueMs.push(point.timeMs - started.timeMs);
    }
    if (before !== 'pending' && point.status === 'pending' && point.fact !== started) pendings++;
  });
  const queue: Labels = [
    ['project_name', text('project')],
    ['run_type', text('run.type')],
  ];
  figures.observe('dstack_submit_to_provision_duration_seconds', queue, QUEUE_SECONDS, queueMs);
  figures.add('dstack_pending_runs_total', queue, pendings, 0);
  const lasted = life.finish === undefined ? [] : [life.finish.timeMs - started.timeMs];
  const type: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_run_type', text('run.type')],
  ];
  figures.observe('fleetmeter_run_duration_seconds', type, RUN_SECONDS, lasted);
}

function putJob(
  figures: Figures,
  passthrough: Passthrough,
  samples: Samples,
  life: Life,
  submitted: Fact,
  pageTimeMs: number,
): void {
  const text = (path: string): string => latestText(life.described, path);
  countFinish(figures, life, text('project'), text('user'));
  const since = life.provisioned;
  if (since === undefined) return;
  const placed = (path: string): string => latestText(life.provisions, path);
  const gpu = gpuOf(life.provisions);
  const endMs = endOf(life, pageTimeMs);
  const blocks = blocksOf(life.provisions);
  const cost = (accrued(life, since.timeMs, endMs) * blocks.used) / (MS_AN_HOUR * blocks.total);
  const usage: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_user_name', text('user')],
    ['dstack_backend', placed('instance.backend')],
    ['dstack_gpu', gpu.name],
    ['dstack_run_type', text('run.type')],
  ];
  const gpuMs = BigInt(gpu.count) * BigInt(Math.max(0, endMs - since.timeMs));
  figures.add('fleetmeter_usage_cost_dollars_total', usage, cost, NANO);
  figures.add('fleetmeter_usage_gpu_seconds_total', usage, gpuMs, MILLI);
  if (!isShownJob(life)) return;
  const labels = jobLabels(life, gpu);
  passthrough.showJob({ runId: text('run.id'), jobId: text('job.id'), labels, since, life });
  const ageSeconds = Math.max(0, pageTimeMs - submitted.timeMs) / 1000;
  const resources = latest(life.provisions, 'resources');
  figures.put('dstack_job_duration_seconds_total', labels, ageSeconds);
  figures.put('dstack_job_price_dollars_per_hour', labels, quotient(priceOf(life), NANO));
  figures.put('dstack_job_gpu_count', labels, gpu.count);
  figures.put('dstack_job_cpu_count', labels, numberAt(resources, 'cpus'));
  figures.put('dstack_job_memory_total_bytes', labels, numberAt(resources, 'memory_bytes'));
  figures.put('fleetmeter_job_cost_dollars_total', labels, quotient(cost, NANO));
  putInfo(figures, life);
  putUsage(figures, samples, jobKey(text('run.id'), text('job.id')), labels, gpu);
}

function isShownJob(life: Life): boolean {
  return life.provisioned !== undefined && SHOWN.job.includes(statusOf(life));
}

function jobLabels(life: Life, gpu: Gpu): Labels {
  const text = (path: string): string => latestText(life.described, path);
  // Whole numbers beyond 10^21 too are written out.
  const whole = (path: string): string => {
    const found = latest(life.described, path);
    return BigInt(typeof found === 'number' ? found : 0).toString();
  };
  return [
    ['dstack_project_name', text('project')],
    ['dstack_user_name', text('user')],
    ['dstack_run_name', text('run.name')],
    ['dstack_run_id', text('run.id')],
    ['dstack_job_name', text('job.name')],
    ['dstack_job_id', text('job.id')],
    ['dstack_job_num', whole('job.num')],
    ['dstack_replica_num', whole('job.replica_num')],
    ['dstack_run_type', text('run.type')],
    ['dstack_backend', latestText(life.provisions, 'instance.backend')],
    ['dstack_gpu', gpu.name],
  ];
}

function countFinish(figures: Figures, life: Life, project: string, user: string): void {
  const status = statusOf(life);
  countStatus(figures, 'job', project, status);
  for (const each of FINISHED.job) {
    const labels: Labels = [
      ['dstack_project_name', project],
      ['dstack_user_name', user],
      ['status', each],
    ];
    figures.add('fleetmeter_jobs_finished_total', labels, each === status ? 1n : 0n, 0);
  }
  if (life.finish === undefined) return;
  const given = latestText([life.finish], 'reason');
  const reason = /^[A-Za-z0-9_.-]{0,64}$/.test(given) ? given : 'other';
  const labels: Labels = [
    ['dstack_project_name', project],
    ['status', status],
    ['reason', reason],
  ];
  figures.add('fleetmeter_job_finish_reasons_total', labels, 1n, 0);
}

function putInfo(figures: Figures, life: Life): void {
  const labels: Labels = [
    ['dstack_project_name', latestText(life.described, 'project')],
    ['dstack_run_id', latestText(life.described, 'run.id')],
    ['dstack_job_id', latestText(life.described, 'job.id')],
    ['dstack_instance_id', latestText(life.provisions, 'instance.id')],
    ['dstack_instance_name', latestText(life.provisions, 'instance.name')],
    ['dstack_instance_type', latestText(life.provisions, 'instance.type')],
  ];
  figures.put('fleetmeter_job_info', labels, 1);
}

function putVolume(figures: Figures, life: Life, created: Fact, pageTimeMs: number): void {
  const text = (path: string): string => latestText(life.described, path);
  const cost = accrued(life, created.timeMs, endOf(life, pageTimeMs)) / MS_AN_HOUR;
  const storage: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_user_name', text('user')],
    ['dstack_backend', text('volume.backend')],
  ];
  figures.add('fleetmeter_storage_cost_dollars_total', storage, cost, NANO);
  if (life.finish !== undefined) return;
  const labels: Labels = [
    ['dstack_project_name', text('project')],
    ['dstack_user_name', text('user')],
    ['dstack_volume_name', text('volume.name')],
    ['dstack_volume_id', text('volume.id')],
    ['dstack_backend', text('volume.backend')],
    ['dstack_region', text('volume.region')],
  ];
  const size = latest(life.described, 'volume.size_bytes');
  figures.put('fleetmeter_volume_cost_dollars_total', labels, quotient(cost, NANO));
  figures.put('fleetmeter_volume_price_dollars_per_hour', labels, quotient(priceOf(life), NANO));
  figures.put('fleetmeter_volume_size_bytes', labels, typeof size === 'number' ? size : 0);
}

/** What the latest sample of a job's usage says; what it lacks has no series. */
function putUsage(figures: Figures, samples: Samples, key: string, labels: Labels, gpu: Gpu): void {
  const usage = samples.current(key).find((sample) => sample.exporter === undefined);
  if (usage === undefined) return;
  const putNumber = (name: string, at: Labels, value: unknown): void => {
    if (typeof value === 'number') figures.put(name, at, value);
  };
  putNumber('dstack_job_cpu_time_seconds_total', labels, member(usage.data, 'cpu_time_seconds'));
  putNumber('dstack_job_memory_usage_bytes', labels, member(usage.data, 'memory_usage_bytes'));
  putNumber('dstack_job_memory_working_set_bytes', labels, member(usage.data, 'memory_working_set_bytes'));
  listAt(usage.data, 'gpus').forEach((each, index) => {
    const at: Labels = [...labels, ['dstack_gpu_num', `${index}`]];
    putNumber('dstack_job_gpu_usage_ratio', at, member(each, 'usage_ratio'));
    putNumber('dstack_job_gpu_memory_total_bytes', at, gpu.memoryBytes);
    putNumber('dstack_job_gpu_memory_usage_bytes', at, member(each, 'memory_usage_bytes'));
  });
}

/** A finished job's GPUs: samples from before its finish say nothing of who is on them now. */
function occupyGpus(passthrough: Passthrough, life: Life): void {
  const instanceId = latest(life.provisions, 'instance.id');
  if (life.finish === undefined || typeof instanceId !== 'string') return;
  const uuids = latest(life.provisions, 'instance.gpu_uuids');
  if (uuids === undefined && gpuOf(life.provisions).count === 0) return;
  passthrough.finishJob(instanceId, life.finish.timeMs, Array.isArray(uuids) ? uuids : undefined);
}
