import type { Fleet } from './fleet';
import { ENDS, submitJob } from './job';
import type { Job, JobReason, Slot, Stage } from './job';
import { openNames } from './names';
import type { Names } from './names';
import type { Project, RunPlan, User } from './projects';
import { announce, createRun, finish, inTurn, runningJobs, setStatus } from './run';
import type { Run, RunStage, Sequel } from './run';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** How often a search for a place is repeated before it counts as no capacity. */
const SEARCHES = 3;

export interface Runs {
  submit(project: Project, user: User, plan: RunPlan): void;
  /** Jobs that have been submitted and have not finished. */
  liveJobs(): number;
}

/**
 * The life of runs: their attempts, retries, schedules, replicas and ends. `fleetOf` finds the fleet of a
 * plan.
 */
export function openRuns(stage: Stage, fleetOf: (project: Project, plan: RunPlan) => Fleet): Runs {
  const names = new Map<Project, Names>();
  const namesOf = (project: Project): Names => {
    const known = names.get(project) ?? openNames(stage.world.random);
    names.set(project, known);
    return known;
  };
  const shared: RunStage = { ...stage, fleetOf, namesOf, liveJobs: 0 };
  return {
    submit: (project, user, plan) => submit(shared, project, user, plan),
    liveJobs: () => shared.liveJobs,
  };
}

function submit(stage: RunStage, project: Project, user: User, plan: RunPlan): void {
  const run = createRun(stage, project, user, plan);
  announce(run);
  if (run.status === 'pending') {
    stage.world.after(stage.world.random.between(1, 12) * MINUTE, () => resume(run));
  } else attempt(run);
}

function resume(run: Run): void {
  setStatus(run, 'submitted');
  attempt(run);
}

function attempt(run: Run): void {
  run.sequel = null;
  run.timed = false;
  run.turn += 1;
  run.replacing.clear();
  for (let replica = 0; replica < run.replicas; replica++) {
    const jobs = Array.from({ length: run.nodes }, (_, num) => addJob(run, replica, num));
    search(run, jobs, SEARCHES);
  }
}

function addJob(run: Run, replicaNum: number, num: number): Job {
  const key = `${replicaNum}/${num}`;
  const submissionNum = run.submissions.get(key) ?? 0;
  run.submissions.set(key, submissionNum + 1);
  const job = submitJob(
    run.stage,
    run,
    { num, replicaNum, submissionNum },
    {
      provisioned: () => {
        if (run.status === 'submitted') setStatus(run, 'provisioning');
      },
      running: () => onRunning(run),
      failed: (failing, reason) => onFailed(run, failing, reason),
      finished: (finished, reason) => onFinished(run, finished, reason),
    },
  );
  run.jobs.add(job);
  run.stage.liveJobs += 1;
  return job;
}

/** Looks for places for jobs that must start together, after the server has got round to them. */
function search(run: Run, jobs: readonly Job[], left: number): void {
  const { world, instances } = run.stage;
  const { random } = world;
  world.after(random.lognormal((left === SEARCHES ? 11 : 35) * SECOND, 0.7), () => {
    if (jobs.some((job) => job.phase !== 'submitted')) return;
    const places = instances.reserve(
      run.stage.fleetOf(run.project, run.plan),
      jobs,
      random.whole(...run.plan.blocks),
    );
    if (places !== null) {
      for (const [index, place] of places.entries()) {
        world.after(index * random.between(0.4, 3) * SECOND, () => jobs[index]?.provision(place));
      }
    } else if (left > 1) search(run, jobs, left - 1);
    else jobs[0]?.fail('failed_to_start_due_to_no_capacity');
  });
}

function onRunning(run: Run): void {
  if (run.status === 'provisioning') setStatus(run, 'running');
  if (run.plan.type === 'service') run.failures = 0;
  const all = run.plan.type === 'service' || [...run.jobs].every((job) => job.phase === 'running');
  if (run.timed || run.sequel !== null || !all) return;
  run.timed = true;
  planEnd(run);
  if (run.plan.type === 'service') scaleLater(run);
}

function planEnd(run: Run): void {
  const { random } = run.stage.world;
  const fails = random.chance(run.plan.failing);
  const duration = random.lognormal(run.plan.minutes * MINUTE, 0.8) * (fails ? random.between(0.03, 0.7) : 1);
  inTurn(run, duration, () => {
    if (fails) crash(run);
    else stop(run);
    // A service outlives one of its replicas.
    if (run.sequel === null) planEnd(run);
  });
}

function crash(run: Run): void {
  const running = runningJobs(run);
  if (running.length > 0) run.stage.world.random.pick(running).fail('container_exited_with_error');
}

/** A run's end by its own work, its user or its policy. */
function stop(run: Run): void {
  const { random } = run.stage.world;
  const roll = random.unit();
  switch (run.plan.type) {
    case 'service':
      close(run, 'stopped_by_user', 'terminated_by_user');
      break;
    case 'dev-environment':
      if (roll < 0.5) close(run, 'stopped_by_user', 'terminated_by_user');
      else failAll(run, roll < 0.88 ? 'inactivity_duration_exceeded' : 'max_duration_exceeded');
      break;
    case 'task':
      if (roll < 0.07) close(run, 'stopped_by_user', 'terminated_by_user');
      else if (roll < 0.1) close(run, 'aborted_by_user', 'aborted_by_user');
      else if (roll < 0.14) failAll(run, 'max_duration_exceeded');
      else close(run, run.schedulesLeft-- > 0 ? 'next schedule' : 'all_jobs_done', 'done_by_runner');
      break;
    default:
      run.plan.type satisfies never;
  }
}

function failAll(run: Run, reason: JobReason): void {
  for (const job of run.jobs) job.fail(reason);
}

/** Ends the attempt: all jobs that are not ending yet end for `reason`. */
function close(run: Run, sequel: Exclude<Sequel, 'retry'>, reason: JobReason): void {
  run.sequel = sequel;
  run.turn += 1;
  setStatus(run, 'terminating');
  for (const job of run.jobs) job.end(reason);
}

function onFailed(run: Run, job: Job, reason: JobReason): void {
  if (run.sequel !== null) return;
  const retried = ENDS[reason] === 'failed' && run.failures < run.plan.retries;
  run.failures += 1;
  // The job itself ends for its own reason, right after this: only the others are ended here.
  const others = [...run.jobs].filter((other) => other !== job && other.phase !== 'terminating');
  if (retried && run.plan.type === 'service' && others.length > 0) return;
  run.sequel = retried ? 'retry' : sequelOf(run, reason);
  run.turn += 1;
  if (!retried) setStatus(run, 'terminating');
  for (const other of others) other.end('terminated_by_server');
}

const sequelOf = (run: Run, reason: JobReason): Sequel =>
  run.plan.retries > 0 && ENDS[reason] === 'failed' ? 'retry_limit_exceeded' : 'job_failed';

function onFinished(run: Run, job: Job, reason: JobReason): void {
  const { world } = run.stage;
  run.jobs.delete(job);
  run.stage.liveJobs -= 1;
  if (run.sequel === null) {
    if (reason !== 'scaled_down') replace(run, job.slot);
  } else if (run.jobs.size === 0) world.after(world.random.between(0.3, 2) * SECOND, () => conclude(run));
}

/** A replica of a running service has ended by itself: another submission replaces it. */
function replace(run: Run, { replicaNum, num }: Slot): void {
  const { random } = run.stage.world;
  run.replacing.add(replicaNum);
  inTurn(run, random.lognormal(25 * SECOND, 0.6), () => {
    run.replacing.delete(replicaNum);
    search(run, [addJob(run, replicaNum, num)], SEARCHES);
  });
}

function conclude(run: Run): void {
  const { world } = run.stage;
  const { sequel } = run;
  if (sequel === null) return;
  if (sequel === 'retry' || sequel === 'next schedule') {
    setStatus(run, 'pending');
    const wait =
      sequel === 'retry' ? world.random.lognormal(40 * SECOND, 0.8) : world.random.between(4, 20) * MINUTE;
    world.after(wait, () => resume(run));
    return;
  }
  finish(run, sequel);
}

/** Replicas come and go with the requests. */
function scaleLater(run: Run): void {
  const { random } = run.stage.world;
  inTurn(run, random.between(5, 20) * MINUTE, () => {
    const running = runningJobs(run);
    const [least, most] = run.plan.replicas;
    if (random.chance(0.5)) {
      if (run.jobs.size < most) search(run, [addJob(run, freeReplica(run), 0)], SEARCHES);
    } else if (running.length > least) {
      running
        .reduce((last, job) => (job.slot.replicaNum > last.slot.replicaNum ? job : last))
        .end('scaled_down');
    }
    scaleLater(run);
  });
}

function freeReplica(run: Run): number {
  const used = new Set([...run.replacing, ...[...run.jobs].map(({ slot }) => slot.replicaNum)]);
  let replica = 0;
  while (used.has(replica)) replica += 1;
  return replica;
}
