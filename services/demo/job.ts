import { type JobStatus } from '../../events/job';
import { type Gpu, type Place, type Tenant } from './fleet';
import { resourcesOf, type Instances } from './instances';
import { loadAt, type Load } from './load';
import { type Project, type RunPlan, type User } from './projects';
import { hash32 } from './random';
import { type World } from './world';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** dstack's termination reasons of jobs, and the status that each ends in (JobTerminationReason.to_status). */
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

export interface Job extends Tenant {
  readonly id: string;
  readonly run: RunIdentity;
  readonly slot: Slot;
  readonly phase: () => 'submitted' | 'provisioning' | 'pulling' | 'running' | 'terminating' | 'finished';
  readonly place: () => Place | null;
  readonly runningSinceMs: () => number | null;
  /** Whole-job load now. */
  readonly totalLoad: () => Load;
  /** It has got its place: provisioned from now on, unless it has ended meanwhile. */
  provision(place: Place): void;
  /** Ends it, unless it is ending already. */
  end(reason: JobReason): void;
  /** Ends it against everybody's wish: its listener is told first. */
  fail(reason: JobReason): void;
}

/** Told by a job how it fares; all of them may be called while the one before is running. */
export interface JobListener {
  provisioned(job: Job): void;
  running(job: Job): void;
  /** It is about to end for a reason that is nobody's wish. */
  failed(job: Job, reason: JobReason): void;
  finished(job: Job, reason: JobReason): void;
}

export interface Stage {
  readonly world: World;
  readonly instances: Instances;
  /** Called with each job when it begins to run. */
  readonly watch: (job: Job) => void;
}

/** Submits a job, and plays its life from there: provisioning, pulling, running, terminating, finished. */
export function submitJob(stage: Stage, run: RunIdentity, slot: Slot, listener: JobListener): Job {
  const { world } = stage;
  const { random } = world;
  const { source } = run.project;
  const id = world.newId();
  const loadSeed = hash32(id);
  const ids = { run: { id: run.id }, job: { id } };
  let phase: ReturnType<Job['phase']> = 'submitted';
  let place: Place | null = null;
  let runningSinceMs: number | null = null;

  world.emit(source, {
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

  function become(status: 'pulling' | 'running' | 'terminating'): void {
    phase = status;
    world.emit(source, { type: 'fleetmeter.job.status_changed.v1', data: { ...ids, status } });
  }

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

  function provision(given: Place): void {
    if (phase !== 'submitted') {
      stage.instances.release(given);
      return;
    }
    place = given;
    phase = 'provisioning';
    world.emit(source, { type: 'fleetmeter.job.provisioned.v1', data: { ...ids, ...describe(given) } });
    listener.provisioned(job);
    if (given.instance.phase === 'up') ready();
  }

  function ready(): void {
    if (phase !== 'provisioning') return;
    world.after(random.lognormal(4 * SECOND, 0.4), () => {
      if (phase !== 'provisioning') return;
      become('pulling');
      const broken = random.chance(0.012);
      world.after(random.lognormal(28 * SECOND, 0.7), () => {
        if (phase !== 'pulling') return;
        if (broken) fail('creating_container_error');
        else begin();
      });
    });
  }

  function begin(): void {
    become('running');
    runningSinceMs = world.nowMs();
    stage.watch(job);
    listener.running(job);
  }

  function priced(): void {
    if (place === null || phase === 'submitted' || phase === 'finished') return;
    world.emit(source, {
      type: 'fleetmeter.job.price_changed.v1',
      data: { ...ids, price: { dollars_per_hour: place.instance.priceDollarsPerHour } },
    });
  }

  function fail(reason: JobReason): void {
    if (phase === 'terminating' || phase === 'finished') return;
    listener.failed(job, reason);
    end(reason);
  }

  function end(reason: JobReason): void {
    if (phase === 'terminating' || phase === 'finished') return;
    if (place === null) {
      // What has no place has nothing to clean up; it is only noticed.
      phase = 'terminating';
      world.after(random.between(0.2, 2) * SECOND, () => finish(reason));
      return;
    }
    become('terminating');
    world.after(random.between(1.5, 12) * SECOND, () => finish(reason));
  }

  function finish(reason: JobReason): void {
    phase = 'finished';
    const exitStatus = exitStatusOf(reason);
    world.emit(source, {
      type: 'fleetmeter.job.finished.v1',
      data: { ...ids, status: ENDS[reason], reason, ...(exitStatus !== null && { exit_status: exitStatus }) },
    });
    if (place !== null) stage.instances.release(place);
    listener.finished(job, reason);
  }

  function exitStatusOf(reason: JobReason): number | null {
    if (reason === 'done_by_runner') return 0;
    return reason === 'container_exited_with_error' ? random.pick([1, 1, 1, 2, 134, 137, 139]) : null;
  }

  const loadOf = (gpu: number): Load => {
    const ageMs = world.nowMs() - (runningSinceMs ?? world.nowMs());
    return loadAt(run.plan.habit, loadSeed, (ageMs * world.speed) / MINUTE, gpu);
  };

  const job: Job = {
    id,
    run,
    slot,
    phase: () => phase,
    place: () => place,
    runningSinceMs: () => runningSinceMs,
    totalLoad: () => loadOf(0),
    load: (gpu: Gpu) => loadOf(gpu.index),
    provision,
    end,
    fail,
    ready,
    priced,
    lost: fail,
  };
  return job;
}
