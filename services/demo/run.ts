import type { RunStatus } from '../../events/run';
import type { Fleet } from './fleet';
import type { Job, RunIdentity, Stage } from './job';
import type { Names } from './names';
import type { Project, RunPlan, User } from './projects';

/**
 * dstack's termination reasons of runs, and the status that each ends in (RunTerminationReason.to_status).
 */
const ENDINGS = {
  all_jobs_done: 'done',
  job_failed: 'failed',
  retry_limit_exceeded: 'failed',
  stopped_by_user: 'terminated',
  aborted_by_user: 'terminated',
} as const satisfies Record<string, RunStatus>;

export type Ending = keyof typeof ENDINGS;

/** What follows when the last job of an attempt has finished. */
export type Sequel = 'retry' | 'next schedule' | Ending;

/** What all runs share. */
export interface RunStage extends Stage {
  readonly fleetOf: (project: Project, plan: RunPlan) => Fleet;
  readonly namesOf: (project: Project) => Names;
  /** Jobs that have been submitted and have not finished. */
  liveJobs: number;
}

export interface Run extends RunIdentity {
  readonly stage: RunStage;
  status: RunStatus;
  /** Those that have not finished. */
  readonly jobs: Set<Job>;
  readonly nodes: number;
  readonly replicas: number;
  /** By replica and job number: how often it has been submitted. */
  readonly submissions: Map<string, number>;
  /** Numbers of replicas that wait to be submitted again. */
  readonly replacing: Set<number>;
  /** Of its jobs; a service's are forgotten when it runs again. */
  failures: number;
  /** How many more times a scheduled run comes. */
  schedulesLeft: number;
  /** Set while the attempt is ending. */
  sequel: Sequel | null;
  /** Counts attempts and their ends, so that a plan made in an earlier attempt does nothing. */
  turn: number;
  /** Its end is planned. */
  timed: boolean;
}

/** A run that nobody has heard of yet: `pending` if it is scheduled for later. */
export function createRun(stage: RunStage, project: Project, user: User, plan: RunPlan): Run {
  const { random } = stage.world;
  const scheduled = random.chance(plan.scheduled);
  return {
    stage,
    id: stage.world.newId(),
    name: stage.namesOf(project).take(plan.names),
    plan,
    project,
    user,
    status: scheduled ? 'pending' : 'submitted',
    jobs: new Set(),
    nodes: random.whole(...plan.nodes),
    replicas: random.whole(...plan.replicas),
    submissions: new Map(),
    replacing: new Set(),
    failures: 0,
    schedulesLeft: scheduled ? random.whole(0, 3) : 0,
    sequel: null,
    turn: 0,
    timed: false,
  };
}

/** Its first event: that it has been submitted, for now or for later. */
export function announce({ stage, id, name, plan, project, user, status }: Run): void {
  stage.world.emit(project.source, {
    type: 'fleetmeter.run.submitted.v1',
    data: {
      project: project.name,
      user: user.name,
      run: { id, name, type: plan.type },
      ...(status === 'pending' && { status }),
    },
  });
}

export function setStatus(
  run: Run,
  status: 'pending' | 'submitted' | 'provisioning' | 'running' | 'terminating',
): void {
  run.status = status;
  run.stage.world.emit(run.project.source, {
    type: 'fleetmeter.run.status_changed.v1',
    data: { run: { id: run.id }, status },
  });
}

/** Its last event; its name is free again. */
export function finish(run: Run, ending: Ending): void {
  run.stage.world.emit(run.project.source, {
    type: 'fleetmeter.run.finished.v1',
    data: { run: { id: run.id }, status: ENDINGS[ending], reason: ending },
  });
  run.stage.namesOf(run.project).giveBack(run.name);
}

/** Acts later, unless the attempt is over by then. */
export function inTurn(run: Run, durationMs: number, act: () => void): void {
  const { turn } = run;
  run.stage.world.after(durationMs, () => {
    if (run.turn === turn) act();
  });
}

export function runningJobs(run: Run): Job[] {
  return [...run.jobs].filter((job) => job.phase === 'running');
}
