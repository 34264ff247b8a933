import type { EntityId } from '../../events/event';
import { JOB as EVENTS } from '../../events/job';
import type { Status } from '../../events/kinds';
import type { Timeline } from '../fold/kinds';
import { ONE, ZERO, timeSince } from './family';
import type { Growth, OwnFamily, SumFamily } from './family';
import { NANO, costOf } from './money';
import { statusFamily } from './statuses';
import type { DescribedEntity, KindCatalogue } from './described';

/** Families of jobs: dstack's (src/dstack/_internal/server/services/prometheus), then ours. */
export const JOB_LABELS = [
  'dstack_project_name',
  'dstack_user_name',
  'dstack_run_name',
  'dstack_run_id',
  'dstack_job_name',
  'dstack_job_id',
  'dstack_job_num',
  'dstack_replica_num',
  'dstack_run_type',
  'dstack_backend',
  'dstack_gpu',
] as const;

const USAGE_LABELS = [
  'dstack_project_name',
  'dstack_user_name',
  'dstack_backend',
  'dstack_gpu',
  'dstack_run_type',
] as const;

export interface DescribedJob extends DescribedEntity<'job'> {
  readonly runId: string;
  readonly user: string;
  readonly runType: string;
  /** Undefined before `provisioned`. */
  readonly placement: Timeline<'job'>['placement'];
  readonly gpuName: string;
  readonly gpuCount: number;
}

/** Statuses in which a job is shown, once its resources are known (dstack's get_job_metrics). */
const SHOWN: ReadonlySet<Status> = new Set<Status>(['provisioning', 'pulling', 'running', 'terminating']);

function describedOf(id: EntityId, timeline: Timeline<'job'>): DescribedJob | undefined {
  const { startMs, status, description, placement } = timeline;
  if (startMs === undefined || status === undefined || description === undefined) return undefined;
  const { project, user, runName, runType, name, num, replicaNum } = description;
  const gpu = placement?.resources.gpu;
  const gpuName = gpu?.name ?? '';
  const runId = id.within ?? '';
  return {
    kind: 'job',
    id,
    timeline,
    startMs,
    status,
    project,
    runId,
    user,
    runType,
    placement,
    gpuName,
    gpuCount: gpu?.count ?? 0,
    isOnPage: placement !== undefined && SHOWN.has(status),
    labels: [
      project,
      user,
      runName,
      runId,
      name,
      id.id,
      wholeText(num),
      wholeText(replicaNum),
      runType,
      placement?.backend ?? '',
      gpuName,
    ],
  };
}

/** All digits of a whole number, however large. */
function wholeText(whole: number): string {
  return Number.isSafeInteger(whole) ? String(whole) : String(BigInt(whole));
}

const common = { labels: JOB_LABELS, labelsOf: (job: DescribedJob) => job.labels };

const OWN: readonly OwnFamily<DescribedJob>[] = [
  {
    ...common,
    name: 'dstack_job_duration_seconds_total',
    type: 'counter',
    help: 'Total seconds the job is running',
    per: 1000,
    valueOf: (job) => timeSince(job.startMs),
  },
  {
    ...common,
    name: 'dstack_job_price_dollars_per_hour',
    type: 'gauge',
    help: 'Job instance price, USD/hour',
    per: 1,
    valueOf: (job) => job.timeline.nanoDollarsPerHour / NANO,
  },
  {
    ...common,
    name: 'dstack_job_gpu_count',
    type: 'gauge',
    help: 'Job GPU count',
    per: 1,
    valueOf: (job) => job.gpuCount,
  },
  {
    ...common,
    name: 'dstack_job_cpu_count',
    type: 'gauge',
    help: 'Job CPU count',
    per: 1,
    valueOf: (job) => job.placement?.resources.cpus ?? 0,
  },
  {
    ...common,
    name: 'dstack_job_memory_total_bytes',
    type: 'gauge',
    help: 'Total memory allocated for the job, bytes',
    per: 1,
    valueOf: (job) => job.placement?.resources.memory_bytes ?? 0,
  },
  {
    ...common,
    name: 'fleetmeter_job_cost_dollars_total',
    type: 'counter',
    help: "Cost of the job's share of its instance, US dollars",
    per: NANO,
    valueOf: jobCost,
  },
  {
    name: 'fleetmeter_job_info',
    type: 'gauge',
    help: 'Where the job runs; always 1',
    labels: [
      'dstack_project_name',
      'dstack_run_id',
      'dstack_job_id',
      'dstack_instance_id',
      'dstack_instance_name',
      'dstack_instance_type',
    ],
    per: 1,
    labelsOf: ({ project, runId, id, placement }) => [
      project,
      runId,
      id.id,
      placement?.instanceId ?? '',
      placement?.instanceName ?? '',
      placement?.instanceType ?? '',
    ],
    valueOf: () => 1,
  },
];

const SUMS: readonly SumFamily<DescribedJob>[] = [
  {
    name: 'fleetmeter_usage_cost_dollars_total',
    type: 'counter',
    help: 'Cost of all jobs, finished ones too, US dollars',
    labels: USAGE_LABELS,
    per: NANO,
    partsOf: (job) =>
      job.placement === undefined ? [] : [{ labels: usageLabels(job), amount: jobCost(job) }],
  },
  {
    name: 'fleetmeter_usage_gpu_seconds_total',
    type: 'counter',
    help: 'GPU time of all jobs, finished ones too, seconds',
    labels: USAGE_LABELS,
    per: 1000,
    partsOf: (job) =>
      job.placement === undefined ? [] : [{ labels: usageLabels(job), amount: gpuTime(job) }],
  },
  statusFamily('fleetmeter_jobs', 'Jobs in each unfinished status', EVENTS.statuses.unfinished),
  {
    name: 'fleetmeter_jobs_finished_total',
    type: 'counter',
    help: 'Finished jobs by their final status',
    labels: ['dstack_project_name', 'dstack_user_name', 'status'],
    per: 1,
    partsOf: (job) =>
      EVENTS.statuses.finished.map((status) => ({
        labels: [job.project, job.user, status],
        amount: status === job.status ? ONE : ZERO,
      })),
  },
  {
    name: 'fleetmeter_job_finish_reasons_total',
    type: 'counter',
    help: 'Finished jobs by their final status and reason',
    labels: ['dstack_project_name', 'status', 'reason'],
    per: 1,
    partsOf: (job) => {
      const { finish } = job.timeline;
      if (finish === undefined) return [];
      return [{ labels: [job.project, job.status, reasonLabel(finish.reason)], amount: ONE }];
    },
  },
];

function usageLabels(job: DescribedJob): readonly string[] {
  return [job.project, job.user, job.placement?.backend ?? '', job.gpuName, job.runType];
}

/**
 * Price × used blocks ÷ total blocks: dstack gives each job that shares an instance the price of the whole
 * instance.
 */
function jobCost(job: DescribedJob): Growth {
  return costOf(job.timeline.cost, job.placement?.blocks);
}

function gpuTime(job: DescribedJob): Growth {
  const { provisioned, finish } = job.timeline;
  const sinceMs = provisioned?.timeMs ?? 0;
  const untilMs = finish?.timeMs;
  const ended = untilMs !== undefined && untilMs > sinceMs;
  const accrual = ended
    ? { startsMs: [sinceMs, untilMs], rates: [1, 0], areas: [0n, BigInt(untilMs - sinceMs)] }
    : { startsMs: [sinceMs], rates: [untilMs === undefined ? 1 : 0], areas: [0n] };
  return { accrual, numerator: BigInt(job.gpuCount), denominator: 1n };
}

/** Free text would make a new series for each text. */
function reasonLabel(reason: string): string {
  return /^[A-Za-z0-9_.-]{0,64}$/.test(reason) ? reason : 'other';
}

export const JOB: KindCatalogue<'job', DescribedJob> = { describedOf, own: OWN, sums: SUMS };
