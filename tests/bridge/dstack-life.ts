/** Lives of single runs on a dstack stand-in. */
import { assign, createInstance, setInstance, setJob, setRun, submitRun } from './happenings';
import { type RunJson, type StandIn } from './stand-in';

/** A run that runs on an instance. */
export function running(at: StandIn, name: string): RunJson {
  const instance = createInstance(at, `${name}-host`);
  setInstance(at, instance, 'provisioning');
  setInstance(at, instance, 'idle');
  at.pass(5);
  const run = submitRun(at, name);
  assign(at, run, jobOf(run), instance);
  setRun(at, run, 'provisioning');
  setJob(at, run, jobOf(run), 'running');
  setRun(at, run, 'running');
  at.pass(60);
  return run;
}

export function jobOf(run: RunJson) {
  const job = run.jobs[0]?.job_submissions.at(-1);
  if (job === undefined) throw new Error('no job');
  return job;
}

export function finish(at: StandIn, run: RunJson, status = 'done'): void {
  setRun(at, run, 'terminating', 'ALL_JOBS_DONE');
  setJob(at, run, jobOf(run), 'terminating', 'DONE_BY_RUNNER');
  setJob(at, run, jobOf(run), status);
  setRun(at, run, status);
  at.pass(60);
}
