/** What happens on a dstack stand-in: its rows change, and it records events. */
import { randomUUID } from 'node:crypto';
import { microsText } from '../../services/bridge/fact';
import {
  FINISHED,
  SECRETS,
  nameOf,
  type EventJson,
  type InstanceJson,
  type RunJson,
  type StandIn,
  type SubmissionJson,
  type VolumeJson,
} from './stand-in';

const GPU = { name: 'H100', memory_mib: 81_920, vendor: 'nvidia' };
const RESOURCES = {
  cpus: 192,
  memory_mib: 2_097_152,
  gpus: Array.from({ length: 8 }, () => GPU),
  spot: false,
};
const TYPE = { name: 'p5.48xlarge', resources: RESOURCES };

/** Records it some milliseconds after the time that its row bears, as dstack does. */
export function record(at: StandIn, message: string, ...targets: EventJson['targets']): void {
  if (!at.hasEvents) return;
  at.pass(0.0031);
  const project = { project_id: 'p', project_name: 'alpha', is_project_deleted: false };
  at.rows.events.push({
    id: randomUUID(),
    message,
    recorded_at: microsText(at.nowMicros()),
    targets: targets.map((target) => ({ ...target, ...project })),
  });
}

export function createInstance(at: StandIn, name: string): InstanceJson {
  const instance: InstanceJson = {
    id: randomUUID(),
    name,
    project_name: 'alpha',
    status: 'pending',
    created: microsText(at.nowMicros()),
    finished_at: null,
    fleet_id: 'f-1',
    fleet_name: 'fleet',
    backend: null,
    region: null,
    price: null,
    instance_type: null,
    total_blocks: 1,
    hostname: null,
    termination_reason: null,
  };
  at.rows.instances.push(instance);
  record(at, 'Instance created on fleet submission. Status: PENDING', targetOf(instance));
  return instance;
}

export function setInstance(at: StandIn, instance: InstanceJson, status: string, isSilent = false): void {
  const before = instance.status;
  instance.status = status;
  if (status === 'provisioning')
    Object.assign(instance, {
      backend: 'aws',
      region: 'eu-1',
      price: 98.32,
      instance_type: TYPE,
      hostname: `${instance.name}.internal`,
    });
  const reason = status === 'terminating' ? '. Termination reason: IDLE_TIMEOUT (after a while)' : '';
  if (status === 'terminated')
    Object.assign(instance, { finished_at: microsText(at.nowMicros()), termination_reason: 'idle_timeout' });
  if (isSilent) return;
  record(
    at,
    `Instance status changed ${before.toUpperCase()} -> ${status.toUpperCase()}${reason}`,
    targetOf(instance),
  );
}

export function createVolume(at: StandIn, name: string): VolumeJson {
  const now = microsText(at.nowMicros());
  const volume: VolumeJson = {
    id: randomUUID(),
    name,
    user: 'ann',
    project_name: 'alpha',
    status: 'submitted',
    created_at: now,
    last_processed_at: now,
    deleted: false,
    deleted_at: null,
    configuration: { backend: 'aws', region: 'eu-1', size: 100, tags: { key: SECRETS[0] } },
    provisioning_data: null,
  };
  at.rows.volumes.push(volume);
  record(at, 'Volume created. Status: SUBMITTED', { type: 'volume', id: volume.id, name });
  return volume;
}

/** Undefined: it is deleted. */
export function setVolume(at: StandIn, volume: VolumeJson, status?: 'active' | 'failed'): void {
  const now = microsText(at.nowMicros());
  if (status === undefined) Object.assign(volume, { deleted: true, deleted_at: now });
  else Object.assign(volume, { status, last_processed_at: now });
  if (status === 'active') volume['provisioning_data'] = { volume_id: 'vol-1', size_gb: 100, price: 7.2 };
  const target = { type: 'volume', id: volume.id, name: volume.name };
  record(
    at,
    status === undefined ? 'Volume deleted' : `Volume status changed SUBMITTED -> ${status}`,
    target,
  );
}

export function submitRun(at: StandIn, name: string, jobs = 1): RunJson {
  const now = microsText(at.nowMicros());
  const run: RunJson = {
    id: randomUUID(),
    project_name: 'alpha',
    user: 'ann',
    submitted_at: now,
    last_processed_at: now,
    status: 'submitted',
    termination_reason: null,
    run_spec: {
      run_name: name,
      configuration: {
        type: 'task',
        env: { TOKEN: SECRETS[0] },
        commands: [SECRETS[1]],
        registry_auth: { username: 'u', password: SECRETS[2] },
        tags: { team: 'red' },
      },
      profile: null,
      ssh_key_pub: SECRETS[3],
    },
    jobs: [],
  };
  at.rows.runs.push(run);
  record(at, 'Run submitted. Status: SUBMITTED', runTarget(run));
  for (let num = 0; num < jobs; num++) {
    run.jobs.push({
      job_spec: { job_num: num, replica_num: 0, job_name: `${name}-${String(num)}-0`, env: SECRETS[0] },
      job_submissions: [],
    });
    submitJob(at, run, num, 'Job created on run submission');
  }
  return run;
}

export function submitJob(
  at: StandIn,
  run: RunJson,
  num: number,
  why = 'Job created on retry',
): SubmissionJson {
  const now = microsText(at.nowMicros());
  const submissions = run.jobs[num]?.job_submissions ?? [];
  const submission: SubmissionJson = {
    id: randomUUID(),
    submission_num: submissions.length,
    submitted_at: now,
    last_processed_at: now,
    finished_at: null,
    status: 'submitted',
    termination_reason: null,
    exit_status: null,
    job_provisioning_data: null,
    job_runtime_data: null,
  };
  submissions.push(submission);
  record(at, `${why}. Status: SUBMITTED`, jobTarget(run, submission));
  return submission;
}

export function assign(at: StandIn, run: RunJson, job: SubmissionJson, instance: InstanceJson): void {
  Object.assign(job, {
    job_provisioning_data: {
      backend: 'aws',
      base_backend: null,
      instance_type: TYPE,
      price: 98.32,
      hostname: 'x',
    },
    job_runtime_data: { offer: { instance: TYPE, price: 98.32, blocks: 1, total_blocks: 1 } },
  });
  setInstance(at, instance, 'busy');
  record(at, 'Job assigned to instance. Instance blocks: 1/1 busy', jobTarget(run, job), targetOf(instance));
  at.pass(0.1);
  setJob(at, run, job, 'provisioning');
}

export function setJob(
  at: StandIn,
  run: RunJson,
  job: SubmissionJson,
  status: string,
  reason?: string,
): void {
  const before = job.status;
  job.status = status;
  job.last_processed_at = microsText(at.nowMicros());
  if (reason !== undefined) job['termination_reason'] = reason.toLowerCase();
  if (FINISHED.includes(status)) job['finished_at'] = job.last_processed_at;
  const why = reason === undefined ? '' : `. Termination reason: ${reason} (free text: ${SECRETS[0] ?? ''})`;
  record(
    at,
    `Job status changed ${before.toUpperCase()} -> ${status.toUpperCase()}${why}`,
    jobTarget(run, job),
  );
}

export function setRun(at: StandIn, run: RunJson, status: string, reason?: string): void {
  const before = run.status;
  run.status = status;
  run.last_processed_at = microsText(at.nowMicros());
  if (reason !== undefined) run['termination_reason'] = reason.toLowerCase();
  const why = reason === undefined ? '' : `. Termination reason: ${reason}`;
  record(at, `Run status changed ${before.toUpperCase()} -> ${status.toUpperCase()}${why}`, runTarget(run));
}

function targetOf({ id, name }: InstanceJson) {
  return { type: 'instance', id, name };
}

function runTarget(run: RunJson) {
  return { type: 'run', id: run.id, name: nameOf(run), run: run.id };
}

function jobTarget(run: RunJson, job: SubmissionJson) {
  const num = run.jobs.findIndex(({ job_submissions: submissions }) => submissions.includes(job));
  return { type: 'job', id: job.id, name: `${nameOf(run)}-${String(num)}-0`, run: run.id };
}
