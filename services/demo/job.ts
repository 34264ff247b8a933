import type { JobStatus } from '../../events/job';
import type { Gpu, Place, Tenant } from './fleet';
import { resourcesOf } from './instance';
import type { Instances } from './instances';
import { loadAt } from './load';
import type { Load } from './load';
import type { Project, RunPlan, User } from './projects';
import { hash32 } from './random';
import type { Random } from './random';
import type { Draft, World } from './world';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * dstack's termination reasons of jobs, and the status that each ends in (JobTerminationReason.to_status).
 */
export const ENDS = {
  failed_to_start_due_to_no_capacity: 'failed',
  interrupted_by_no_capacity: 'failed',
  instance_unreachable: 'failed',
  waiting_instance_limit_exceeded: 'failed',
  creating_container_error: 'failed',
  container_exited_with_error: 'failed',
  done_by_runner: 'done',
  aborted_by_user: 'aborted',
  terminated_by_user: 'terminated',
  terminated_by_server: 'terminated',
  scaled_down: 'terminated',
  max_duration_exceeded: 'terminated',
  inactivity_duration_exceeded: 'terminated',
} as const satisfies Record<string, JobStatus>;

export type JobReason = keyof typeof ENDS;

/** What a run's jobs have in common. */
export interface RunIdentity {
  readonly id: string;
  readonly name: string;
  readonly plan: RunPlan;
  readonly project: Project;
  readonly user: User;
}

/** Where a job stands in its run. */
export interface Slot {
  readonly num: number;
  readonly replicaNum: number;
  readonly submissionNum: number;
}

type Phase = 'submitted' | 'provisioning' | 'pulling' | 'running' | 'terminating' | 'finished';

export interface Job extends Tenant {
  readonly id: string;
  readonly run: RunIdentity;
  readonly slot: Slot;
  readonly phase: Phase;
  readonly place: Place | null;
  /** Whole-job load now. */
  readonly totalLoad: () => Load;
  /** It has been given its place: provisioned from now on, unless it has ended meanwhile. */
  provision(place: Place): void;
  /** Ends it, unless it is ending already. */
  end(reason: JobReason): void;
  /** Ends it involuntarily: its listener is told first. */
  fail(reason: JobReason): void;
}

/** Told by a job how it is doing; any of them may be called while the previous one is running. */
export interface JobListener {
  provisioned(job: Job): void;
  running(job: Job): void;
  /** It is about to end involuntarily. */
  failed(job: Job, reason: JobReason): void;
  finished(job: Job, reason: JobReason): void;
}

export interface Stage {
  readonly world: World;
  readonly instances: Instances;
  /** Called with each job when it begins to run. */
  readonly watch: (job: Job) => void;
}

/** A job as only this file sees it. */
interface LivingJob extends Job {
  readonly stage: Stage;
  readonly listener: JobListener;
  /** What names it in each of its events. */
  readonly ids: { readonly run: { readonly id: string }; readonly job: { readonly id: string } };
  readonly loadSeed: number;
  phase: Phase;
  place: Place | null;
  runningSinceMs: number | null;
}

/** Submits a job, and plays its life from there: provisioning, pulling, running, terminating, finished. */
export function submitJob(stage: Stage, run: RunIdentity, slot: Slot, listener: JobListener): Job {
  const id = stage.world.newId();
  const job: LivingJob = {
    stage,
    listener,
    id,
    run,
    slot,
    ids: { run: { id: run.id }, job: { id } },
    loadSeed: hash32(id),
    phase: 'submitted',
    place: null,
    runningSinceMs: null,
    totalLoad: () => loadOf(job, 0),
    load: (gpu: Gpu) => loadOf(job, gpu.index),
    provision: (place) => provision(job, place),
    end: (reason) => end(job, reason),
    fail: (reason) => fail(job, reason),
    ready: () => ready(job),
    priced: () => priced(job),
    lost: (reason) => fail(job, reason),
  };
  announce(job);
  return job;
}

function announce({ stage, run, slot, id }: LivingJob): void {
  stage.world.emit(run.project.source, {
    type: 'fleetmeter.job.submitted.v1',
    data: {
      project: run.project.name,
      user: run.user.name,
      run: { id: run.id, name: run.name, type: run.plan.type },
      job: {
        id,
        name: `${run.name}-${slot.num}-${slot.replicaNum}`,
        num: slot.num,
        replica_num: slot.replicaNum,
        submission_num: slot.submissionNum,
      },
    },
  });
}

function become(job: LivingJob, status: 'pulling' | 'running' | 'terminating'): void {
  job.phase = status;
  emit(job, { type: 'fleetmeter.job.status_changed.v1', data: { ...job.ids, status } });
}

function emit(job: LivingJob, draft: Draft): void {
  job.stage.world.emit(job.run.project.source, draft);
}

/** What `provisioned` says of a place. */
function describe({ instance, gpus }: Place) {
  const { offer, fleet } = instance;
  const shared = instance.totalBlocks > 1;
  return {
    instance: {
      id: instance.id,
      name: instance.name,
      type: offer.type,
      backend: offer.backend,
      ...(gpus.length > 0 && fleet.plan.uuids && { gpu_uuids: gpus.map(({ uuid }) => uuid) }),
    },
    resources: resourcesOf(offer, shared ? gpus.length / instance.totalBlocks : 1),
    price: { dollars_per_hour: instance.priceDollarsPerHour },
    ...(shared && { blocks: { used: gpus.length, total: instance.totalBlocks } }),
  };
}

function provision(job: LivingJob, place: Place): void {
  if (job.phase !== 'submitted') {
    job.stage.instances.release(place);
    return;
  }
  job.place = place;
  job.phase = 'provisioning';
  emit(job, { type: 'fleetmeter.job.provisioned.v1', data: { ...job.ids, ...describe(place) } });
  job.listener.provisioned(job);
  if (place.instance.phase === 'up') ready(job);
}

function ready(job: LivingJob): void {
  const { world } = job.stage;
  if (job.phase !== 'provisioning') return;
  world.after(world.random.lognormal(4 * SECOND, 0.4), () => {
    if (job.phase === 'provisioning') pull(job);
  });
}

function pull(job: LivingJob): void {
  const { world } = job.stage;
  become(job, 'pulling');
  const broken = world.random.chance(0.012);
  world.after(world.random.lognormal(28 * SECOND, 0.7), () => {
    if (job.phase !== 'pulling') return;
    if (broken) fail(job, 'creating_container_error');
    else begin(job);
  });
}

function begin(job: LivingJob): void {
  become(job, 'running');
  job.runningSinceMs = job.stage.world.nowMs();
  job.stage.watch(job);
  job.listener.running(job);
}

function priced(job: LivingJob): void {
  const { place, phase } = job;
  if (place === null || phase === 'submitted' || phase === 'finished') return;
  emit(job, {
    type: 'fleetmeter.job.price_changed.v1',
    data: { ...job.ids, price: { dollars_per_hour: place.instance.priceDollarsPerHour } },
  });
}

function fail(job: LivingJob, reason: JobReason): void {
  if (job.phase === 'terminating' || job.phase === 'finished') return;
  job.listener.failed(job, reason);
  end(job, reason);
}

function end(job: LivingJob, reason: JobReason): void {
  const { world } = job.stage;
  if (job.phase === 'terminating' || job.phase === 'finished') return;
  if (job.place === null) {
    // Without a place there is nothing to clean up; only noticing takes time.
    job.phase = 'terminating';
    world.after(world.random.between(0.2, 2) * SECOND, () => finish(job, reason));
    return;
  }
  become(job, 'terminating');
  world.after(world.random.between(1.5, 12) * SECOND, () => finish(job, reason));
}

function finish(job: LivingJob, reason: JobReason): void {
  job.phase = 'finished';
  const exitStatus = exitStatusOf(reason, job.stage.world.random);
  emit(job, {
    type: 'fleetmeter.job.finished.v1',
    data: {
      ...job.ids,
      status: ENDS[reason],
      reason,
      ...(exitStatus !== null && { exit_status: exitStatus }),
    },
  });
  if (job.place !== null) job.stage.instances.release(job.place);
  job.listener.finished(job, reason);
}

function exitStatusOf(reason: JobReason, random: Random): number | null {
  if (reason === 'done_by_runner') return 0;
  return reason === 'container_exited_with_error' ? random.pick([1, 1, 1, 2, 134, 137, 139]) : null;
}

function loadOf({ stage, run, loadSeed, runningSinceMs }: LivingJob, gpu: number): Load {
  const { world } = stage;
  const ageMs = world.nowMs() - (runningSinceMs ?? world.nowMs());
  return loadAt(run.plan.habit, loadSeed, (ageMs * world.speed) / MINUTE, gpu);
}
