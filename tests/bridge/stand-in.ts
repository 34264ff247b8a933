/**
 * A dstack server for tests: what the bridge asks of one, answered in the shapes of a real 0.22.5. Its clock
 * stands until it is moved.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startExporter } from '../collector/exporters';

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
  /**
   * Names of runs that it can't read itself: they take their place on a page, and are left out of the answer.
   */
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
  readonly volumes: VolumeJson[];
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

export interface VolumeJson extends Json {
  readonly id: string;
  readonly created_at: string;
  readonly name: string;
  deleted: boolean;
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
  const rows: Rows = { runs: [], instances: [], volumes: [], events: [] };
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
      case '/api/volumes/list':
        return listVolumes(rows.volumes, body);
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

export const FINISHED = ['done', 'failed', 'terminated', 'aborted'];

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

function listVolumes(volumes: readonly VolumeJson[], body: Json): unknown {
  const wanted = body['only_active'] === true ? volumes.filter(({ deleted }) => !deleted) : volumes;
  const prev = { at: body['prev_created_at'], id: body['prev_id'] };
  return paged(wanted, (each) => each.created_at, body, prev);
}

export function nameOf(run: RunJson): string {
  const spec = run['run_spec'];
  return typeof spec === 'object' && spec !== null && 'run_name' in spec ? String(spec.run_name) : '';
}
