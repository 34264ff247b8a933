import type { Entity } from '../fold/entity';
import { timelineOf } from '../fold/entity';
import type { EntityId, Status } from '../fold/fact';
import { COSTING } from '../fold/timeline';
import type { Timeline } from '../fold/timeline';

/** What the families of an entity's kind are declared on. Only described entities have one. */
interface ViewOf<Kind extends EntityId['kind']> {
  readonly kind: Kind;
  readonly id: Extract<EntityId, { kind: Kind }>;
  readonly timeline: Timeline;
  readonly startMs: number;
  readonly status: Status;
  /** The labels that dstack gives all series of the entity, in its order. */
  readonly labels: readonly string[];
  /** Whether its own series are on the page. */
  readonly shown: boolean;
  readonly project: string;
}

export interface InstanceView extends ViewOf<'instance'> {
  readonly gpuName: string;
  readonly gpuCount: number;
}

export interface RunView extends ViewOf<'run'> {
  readonly user: string;
  readonly runType: string;
}

export interface JobView extends ViewOf<'job'> {
  readonly user: string;
  readonly runType: string;
  /** Undefined before `provisioned`. */
  readonly placed: Timeline['placed'];
  readonly gpuName: string;
  readonly gpuCount: number;
}

export type View = InstanceView | RunView | JobView;

const SHOWN_JOB: ReadonlySet<Status> = new Set<Status>(['provisioning', 'pulling', 'running', 'terminating']);

/** Undefined where the entity is not shown in any figure: it has no `started` or `submitted` yet. */
export function viewOf(entity: Entity): View | undefined {
  const timeline = timelineOf(entity);
  switch (entity.id.kind) {
    case 'instance':
      return instanceView(entity.id, timeline);
    case 'run':
      return runView(entity.id, timeline);
    case 'job':
      return jobView(entity.id, timeline);
  }
}

function instanceView(id: InstanceView['id'], timeline: Timeline): InstanceView | undefined {
  const { startMs, status, instance } = timeline;
  if (startMs === undefined || status === undefined || instance === undefined) return undefined;
  const gpu = instance.resources?.gpu;
  const gpuName = gpu?.name ?? '';
  return {
    kind: 'instance',
    id,
    timeline,
    startMs,
    status,
    project: instance.project,
    gpuName,
    gpuCount: gpu?.count ?? 0,
    shown: COSTING.has(status),
    labels: [
      instance.project,
      instance.fleetName ?? '',
      instance.fleetId ?? '',
      instance.name,
      id.instanceId,
      instance.type ?? '',
      instance.backend ?? '',
      gpuName,
    ],
  };
}

function runView(id: RunView['id'], timeline: Timeline): RunView | undefined {
  const { startMs, status, submitted } = timeline;
  if (startMs === undefined || status === undefined || submitted === undefined) return undefined;
  const { project, user, runType } = submitted;
  return {
    kind: 'run',
    id,
    timeline,
    startMs,
    status,
    project,
    user,
    runType,
    shown: false,
    labels: [project, user],
  };
}

function jobView(id: JobView['id'], timeline: Timeline): JobView | undefined {
  const { startMs, status, submitted, placed } = timeline;
  if (startMs === undefined || status === undefined || submitted?.job === undefined) return undefined;
  const { project, user, runName, runType, job } = submitted;
  const gpu = placed?.resources.gpu;
  const gpuName = gpu?.name ?? '';
  return {
    kind: 'job',
    id,
    timeline,
    startMs,
    status,
    project,
    user,
    runType,
    placed,
    gpuName,
    gpuCount: gpu?.count ?? 0,
    shown: placed !== undefined && SHOWN_JOB.has(status),
    labels: [
      project,
      user,
      runName,
      id.runId,
      job.name,
      id.jobId,
      wholeText(job.num),
      wholeText(job.replicaNum),
      runType,
      placed?.backend ?? '',
      gpuName,
    ],
  };
}

/** All digits of a whole number, however large. */
function wholeText(whole: number): string {
  return Number.isSafeInteger(whole) ? String(whole) : String(BigInt(whole));
}
