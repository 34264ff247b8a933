import { growthAt, isGrowth } from '../../catalogue/family';
import type { Described } from '../../catalogue/kinds';
import type { PageEntity } from '../../page/bucket';
import type { PageContents } from '../../page/contents';
import { orphansOf } from '../../page/orphans';
import type { Orphan } from '../../page/orphans';

/** Which jobs are asked for; what is undefined is no condition. */
export interface Filter {
  readonly project: string | undefined;
  readonly user: string | undefined;
  readonly backend: string | undefined;
}

export interface RunningJob {
  /** As in the page's address. */
  readonly runId: string;
  readonly jobId: string;
  readonly project: string;
  readonly user: string;
  readonly runName: string;
  readonly jobName: string;
  readonly runType: string;
  readonly backend: string;
  readonly status: string;
  readonly gpuName: string;
  readonly gpuCount: number;
  readonly instanceName: string;
  readonly startMs: number;
  /** Of its share of the instance. */
  readonly nanoDollarsPerHour: bigint;
  readonly nanoDollars: bigint;
  readonly orphaned: Pick<Orphan, 'by' | 'endMs'> | undefined;
}

/** The sums over the jobs of one user, backend or project. */
export interface RunningGroup {
  readonly name: string;
  readonly jobs: number;
  readonly gpus: number;
  readonly nanoDollarsPerHour: bigint;
}

/** The jobs on the page, the most expensive first. */
export interface Running {
  readonly jobs: readonly RunningJob[];
  readonly byUser: readonly RunningGroup[];
  readonly byBackend: readonly RunningGroup[];
  readonly orphans: readonly RunningJob[];
}

export function runningOf(contents: PageContents, filter: Filter): Running {
  const orphans = new Map([...orphansOf(contents)].map((orphan) => [orphan.job, orphan]));
  const jobs = contents.jobs
    .filter(({ entity }) => isAsked(entity, filter))
    .map((job) => runningJob(contents, job, orphans.get(job)))
    .sort((a, b) => Number(b.nanoDollars - a.nanoDollars) || (a.jobId < b.jobId ? -1 : 1));
  return {
    jobs,
    byUser: groupsOf(jobs, ({ user }) => user),
    byBackend: groupsOf(jobs, ({ backend }) => backend),
    orphans: jobs.filter(({ orphaned }) => orphaned !== undefined),
  };
}

function isAsked(job: Described<'job'>, { project, user, backend }: Filter): boolean {
  return (
    (project === undefined || job.project === project) &&
    (user === undefined || job.user === user) &&
    (backend === undefined || (job.placement?.backend ?? '') === backend)
  );
}

function runningJob(
  contents: PageContents,
  { entity, figures: { own }, partition }: PageEntity<Described<'job'>>,
  orphan: Orphan | undefined,
): RunningJob {
  const { timeline, placement, runId, user, runType, project, status, startMs, gpuName, gpuCount } = entity;
  const { used, total } = placement?.blocks ?? { used: 1, total: 1 };
  const cost = own.find(({ family }) => family.name === 'fleetmeter_job_cost_dollars_total')?.value;
  return {
    ...{ runId, user, runType, project, status, startMs, gpuName, gpuCount },
    jobId: entity.id.id,
    runName: timeline.description?.runName ?? '',
    jobName: timeline.description?.name ?? '',
    backend: placement?.backend ?? '',
    instanceName: placement?.instanceName ?? placement?.instanceId ?? '',
    nanoDollarsPerHour: (BigInt(timeline.nanoDollarsPerHour) * BigInt(used)) / BigInt(total),
    nanoDollars: cost !== undefined && isGrowth(cost) ? growthAt(cost, contents.timeOf(partition)) : 0n,
    orphaned: orphan && { by: orphan.by, endMs: orphan.endMs },
  };
}

function groupsOf(jobs: readonly RunningJob[], nameOf: (job: RunningJob) => string): RunningGroup[] {
  const groups = new Map<string, { jobs: number; gpus: number; nanoDollarsPerHour: bigint }>();
  for (const job of jobs) {
    const group = groups.get(nameOf(job)) ?? { jobs: 0, gpus: 0, nanoDollarsPerHour: 0n };
    groups.set(nameOf(job), group);
    group.jobs++;
    group.gpus += job.gpuCount;
    group.nanoDollarsPerHour += job.nanoDollarsPerHour;
  }
  return [...groups]
    .map(([name, group]) => ({ name, ...group }))
    .sort(
      (a, b) =>
        Number(b.nanoDollarsPerHour - a.nanoDollarsPerHour) || b.jobs - a.jobs || (a.name < b.name ? -1 : 1),
    );
}
