/** A dstack server for tests: what the bridge asks of one, answered in the shapes of a real 0.22.5. Its clock stands until it is moved. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startExporter } from '../collector/exporters';
import { microsText } from '../../services/bridge/fact';

export interface StandIn {
  readonly url: string;
  readonly rows: Rows;
  /** Of the requests so far, with their bodies. */
  readonly requests: {
    readonly path: string;
    readonly body: Record<string, unknown>;
    readonly token: string;
  }[];
  /** Answers some requests in its own way, where it returns true. */
  fault: ((path: string, response: ServerResponse) => boolean) | undefined;
  /** False: dstack records no events. */
  hasEvents: boolean;
  /** Names of runs that it can't read itself: they take their place on a page, and are left out of the answer. */
  readonly hidden: Set<string>;
  page: string;
  nowMicros(): number;
  /** Lets time pass: seconds. */
  pass(seconds: number): void;
  close(): Promise<void>;
}

type Json = Record<string, unknown>;

interface Rows {
  readonly runs: RunJson[];
  readonly instances: InstanceJson[];
  readonly events: EventJson[];
}

export interface RunJson extends Json {
  readonly id: string;
  project_name: string;
  user: string;
  readonly submitted_at: string;
  last_processed_at: string;
  status: string;
  jobs: { readonly job_spec: Json; job_submissions: SubmissionJson[] }[];
}

export interface SubmissionJson extends Json {
  readonly id: string;
  readonly submitted_at: string;
  last_processed_at: string;
  status: string;
}

export interface InstanceJson extends Json {
  readonly id: string;
  readonly name: string;
  project_name: string;
  readonly created: string;
  status: string;
}

export interface EventJson extends Json {
  readonly id: string;
  readonly recorded_at: string;
  readonly message: string;
  readonly targets: {
    readonly type: string;
    readonly id: string;
    readonly name: string;
    readonly run?: string;
  }[];
}

export const SECRETS = ['PLANTED-env', 'PLANTED-command', 'PLANTED-password', 'ssh-rsa PLANTED-key'];
export const TOKEN = 'sesame-3b1d';

/** @param startMs where its clock stands at first */
export async function startStandIn(startMs = Date.UTC(2026, 10, 24, 8)): Promise<StandIn> {
  let micros = startMs * 1000;
  const rows: Rows = { runs: [], instances: [], events: [] };
  const requests: StandIn['requests'] = [];
  const exporter = await startExporter((response, request) => void answer(response, request));
  const standIn: StandIn = {
    url: `http://${exporter.address}`,
    rows,
    requests,
    fault: undefined,
    hasEvents: true,
    hidden: new Set(),
    page: '',
    nowMicros: () => micros,
    pass: (seconds) => (micros += Math.round(seconds * 1e6)),
    close: () => exporter.close(),
  };

  async function answer(response: ServerResponse, request: IncomingMessage): Promise<void> {
    let text = '';
    for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
    const path = request.url ?? '';
    const body = JSON.parse(text === '' ? '{}' : text) as Json;
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    requests.push({ path, body, token });
    response.setHeader('date', new Date(Math.floor(micros / 1000)).toUTCString());
    if (standIn.fault?.(path, response) === true) return;
    if (path === '/metrics') return void response.end(standIn.page);
    if (token !== TOKEN) return void response.writeHead(403).end('{"detail":{"msg":"Invalid token"}}');
    const result = resultOf(path, body);
    if (result === undefined) response.statusCode = 404;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result ?? { detail: [] }));
  }

  function resultOf(path: string, body: Json): unknown {
    const found = /^\/api\/project\/([^/]+)\/(runs|instances)\/get$/.exec(path);
    if (found !== null) {
      const list: readonly (RunJson | InstanceJson)[] = found[2] === 'runs' ? rows.runs : rows.instances;
      return list.find(({ id, project_name }) => id === body['id'] && project_name === found[1]);
    }
    switch (path) {
      case '/api/events/list':
        return listEvents(rows.events, body);
      case '/api/runs/list':
        return listRuns(rows.runs, body).filter((run) => !standIn.hidden.has(nameOf(run)));
      case '/api/instances/list':
        return listInstances(rows.instances, body);
      case '/api/users/get_my_user':
        return { global_role: 'admin' };
      default:
        return undefined;
    }
  }

  return standIn;
}

/** Ascending is by time and then by falling id; `prev_*` is exclusive. */
function paged<T extends Json & { readonly id: string }>(
  list: readonly T[],
  time: (row: T) => string,
  { ascending, limit }: Json,
  prev: { readonly at: unknown; readonly id: unknown },
): T[] {
  const sign = ascending === true ? 1 : -1;
  const compare = (a: readonly [string, string], b: readonly [string, string]): number =>
    a[0] !== b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] === b[1] ? 0 : a[1] > b[1] ? -1 : 1;
  const sorted = list
    .map((row) => ({ row, key: [time(row), row.id] as const }))
    .sort((a, b) => sign * compare(a.key, b.key));
  const { at, id } = prev;
  const rest =
    typeof at !== 'string'
      ? sorted
      : sorted.filter(({ key }) =>
          typeof id === 'string'
            ? sign * compare(key, [at, id]) > 0
            : sign * (key[0] === at ? 0 : key[0] < at ? -1 : 1) > 0,
        );
  return rest.slice(0, Number(limit ?? 100)).map(({ row }) => row);
}

function listEvents(events: readonly EventJson[], body: Json): unknown {
  const { within_runs: runs, target_instances: instances } = body;
  const wanted = events.filter(({ targets }) => {
    if (Array.isArray(runs)) return targets.some(({ run }) => runs.includes(run));
    if (Array.isArray(instances)) return targets.some(({ id }) => instances.includes(id));
    return true;
  });
  const prev = { at: body['prev_recorded_at'], id: body['prev_id'] };
  return paged(wanted, (event) => event.recorded_at, body, prev).map(({ targets, ...event }) => ({
    ...event,
    targets: targets.map(({ run: _run, ...target }) => target),
  }));
}

const FINISHED = ['done', 'failed', 'terminated', 'aborted'];

function listRuns(runs: readonly RunJson[], body: Json): RunJson[] {
  const wanted =
    body['only_active'] === true ? runs.filter(({ status }) => !FINISHED.includes(status)) : runs;
  const prev = { at: body['prev_submitted_at'], id: body['prev_run_id'] };
  return paged(wanted, (run) => run.submitted_at, body, prev).map((run) => ({
    ...run,
    jobs: run.jobs.map((job) => ({ ...job, job_submissions: job.job_submissions.slice(-10) })),
  }));
}

function listInstances(instances: readonly InstanceJson[], body: Json): unknown {
  const isActive = ({ status }: InstanceJson): boolean => status === 'idle' || status === 'busy';
  const wanted = body['only_active'] === true ? instances.filter(isActive) : instances;
  return paged(wanted, (each) => each.created, body, { at: body['prev_created_at'], id: body['prev_id'] });
}

// ---- what happens there --------------------------------------------------------------------------------------------

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

function nameOf(run: RunJson): string {
  const spec = run['run_spec'];
  return typeof spec === 'object' && spec !== null && 'run_name' in spec ? String(spec.run_name) : '';
}
