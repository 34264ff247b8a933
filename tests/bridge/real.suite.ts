/**
 * The bridge as a process against real dstack servers, each with a database of its own: what its page says,
 * ours says.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startPostgres } from '../support/postgres';
import {
  runCommand,
  startCommand,
  startServer,
  until,
  type Command,
  type Run,
  type Server,
} from '../support/server';
import { ADMIN_TOKEN, startDstack, type DstackServer } from './dstack-server';

jest.setTimeout(1_200_000);

const PATIENCE_MS = 240_000;
const SOURCE = '/dstack/test';

let dir: string;
let token: string;
let secrets: readonly string[] = [];
const ends: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-dstack-'));
  token = join(dir, 'token');
  writeFileSync(token, `${ADMIN_TOKEN}\n`);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FILLINGS = {
  evented: { runs: 200, active: 100, dcgm: 2 },
  silent: { runs: 200, active: 100, events: false },
} as const;

/** Filled once, by a server on which nothing happens. */
async function fill(name: keyof typeof FILLINGS): Promise<string> {
  const filled = join(dir, name);
  if (existsSync(filled)) return filled;
  mkdirSync(filled);
  const dstack = await startDstack({ dir: filled });
  ({ secrets } = dstack.fill(FILLINGS[name]));
  await dstack.stop();
  return filled;
}

/** A server on a copy of a filled database. */
async function dstackOf(
  name: keyof typeof FILLINGS,
  more: Partial<Parameters<typeof startDstack>[0]> = {},
): Promise<DstackServer> {
  const filled = await fill(name);
  const copy = mkdtempSync(join(dir, `${name}-`));
  cpSync(filled, copy, { recursive: true });
  const dstack = await startDstack({ dir: copy, ...more });
  ends.push(() => dstack.stop());
  return dstack;
}

async function fleetmeter(): Promise<Server & { readonly data: string }> {
  const data = mkdtempSync(join(dir, 'data-'));
  const server = await startServer({ FLEETMETER_DATA_DIR: data });
  ends.push(() => server.terminate());
  return { ...server, data };
}

function argsOf(dstack: DstackServer, state: string): string[] {
  return [
    'bridge',
    'dstack',
    '--url',
    dstack.url,
    '--token-file',
    token,
    '--state',
    join(dir, state),
    '--source',
    SOURCE,
  ];
}

function listenAt(server: Server): Record<string, string> {
  return { FLEETMETER_LISTEN: new URL(server.url).host };
}

const bridge = (dstack: DstackServer, server: Server, state: string, ...more: string[]): Promise<Run> =>
  runCommand([...argsOf(dstack, state), ...more], listenAt(server));

/** A bridge that goes on until it is ended. */
function follow(dstack: DstackServer, server: Server, state: string): Command {
  const command = startCommand(argsOf(dstack, state), listenAt(server));
  ends.push(() => command.kill());
  return command;
}

/** Until both pages say the same, and no later than that; the bridge's own words tell why not. */
async function untilSame(dstack: DstackServer, server: Server, said = () => ''): Promise<string> {
  let last: Run | undefined;
  await until(
    async () => {
      last = await bridge(dstack, server, 'none', '--compare');
      return last.code === 0;
    },
    PATIENCE_MS,
    () => `the pages differ: ${String(last?.stdout)}${String(last?.stderr)}${said()}`,
  );
  return last?.stdout ?? '';
}

/** The ledger's figures, without those of samples and sources. */
async function ledgerOf(server: Server, at: string): Promise<string[]> {
  const page = await (await fetch(`${server.url}/metrics?at=${at}`)).text();
  const left =
    /^#|_last_event_|page_timestamp|_cpu_time_|_memory_usage_|_working_set_|_gpu_(?:usage|memory)|^DCGM|^fleetmeter_gpu_/;
  return page.split('\n').filter((line) => !left.test(line));
}

const QUIET_MS = 30_000;

/** Until nothing more happens there: jobs whose hosts don't answer are given up after minutes. */
async function untilQuiet(dstack: DstackServer): Promise<void> {
  let last = '';
  let sinceMs = Date.now();
  const isQuiet = async (): Promise<boolean> => {
    const newest = JSON.stringify(await dstack.call('/api/events/list', { limit: 1 }));
    if (newest !== last) sinceMs = Date.now();
    last = newest;
    return Date.now() - sinceMs > QUIET_MS;
  };
  await until(isQuiet, 2 * PATIENCE_MS, () => 'more and more happens');
}

/**
 * What was followed must be what a bridge that comes now finds; both go on, since the server may have more to
 * do.
 */
async function expectAsFound(dstack: DstackServer, server: Server, state: string): Promise<void> {
  const other = await fleetmeter();
  const { said } = follow(dstack, other, state);
  await untilQuiet(dstack);
  await untilSame(dstack, other, said);
  let ledgers: string[][] = [];
  const isSame = async (): Promise<boolean> => {
    const at = new Date(Date.now() + 60_000).toISOString();
    ledgers = await Promise.all([server, other].map((each) => ledgerOf(each, at)));
    return isDeepStrictEqual(ledgers[0], ledgers[1]);
  };
  await until(isSame, PATIENCE_MS, () => 'the ledgers differ').catch(() => undefined);
  expect(ledgers[0]).toEqual(ledgers[1]);
}

async function stopRuns(dstack: DstackServer, count: number): Promise<void> {
  const runs = (await dstack.call('/api/runs/list', { only_active: true, limit: 100 })) as {
    readonly project_name: string;
    readonly status: string;
    readonly run_spec: { readonly run_name: string };
  }[];
  for (const { project_name: project, run_spec: spec } of runs
    .filter(({ status }) => status === 'running')
    .slice(0, count))
    await dstack.call(`/api/project/${project}/runs/stop`, { runs_names: [spec.run_name], abort: false });
}

test('after a snapshot nothing differs; no secret is anywhere, and nothing of dstack was refused', async () => {
  const [dstack, server] = [await dstackOf('evented'), await fleetmeter()];
  const run = await bridge(dstack, server, 'snapshot', '--once', '--compare');
  expect([run.code, run.stderr]).toEqual([0, expect.not.stringMatching(/differ/)]);
  expect(run.stdout).toMatch(/^[1-9][\d,]+ series are the same$/m);
  const page = await (await fetch(`${server.url}/metrics`)).text();
  // 200 GB for 16 dollars a month: one for ten hours so far, one for ten hours until it was deleted; and one
  // that could not be made.
  const stored = /^fleetmeter_storage_cost_dollars_total\{dstack_project_name="alpha",.* ([\d.]+)$/m.exec(
    page,
  );
  expect(Number(stored?.[1])).toBeCloseTo((20 * 16) / 720, 2);
  expect(page).toMatch(/^fleetmeter_volume_size_bytes\{.*dstack_volume_name="data".*\} 214748364800$/m);
  await server.terminate();
  const written = [join(dir, 'snapshot'), server.data, join(server.data, 'store')].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(folder, entry.name))),
  );
  expect(written.some((bytes) => bytes.includes('user-1'))).toBe(true);
  for (const secret of [...secrets, ADMIN_TOKEN]) {
    expect(written.filter((bytes) => bytes.includes(secret))).toEqual([]);
    expect(`${run.stdout}${run.stderr}${server.said()}`).not.toContain(secret);
  }
});

test('runs that are stopped and played through by the server itself, with a bridge that is killed twenty times', async () => {
  const [dstack, server] = [await dstackOf('evented', { isAlive: true }), await fleetmeter()];
  for (let kills = 0; kills < 20; kills++) {
    const { kill } = follow(dstack, server, 'killed');
    if (kills % 5 === 0) await stopRuns(dstack, 3);
    await delay(500 + Math.random() * 6000);
    await kill();
  }
  const { said } = follow(dstack, server, 'killed');
  await untilSame(dstack, server, said);
  await expectAsFound(dstack, server, 'killed-found');
});

test('two bridges at once', async () => {
  const [dstack, server] = [await dstackOf('evented', { isAlive: true }), await fleetmeter()];
  follow(dstack, server, 'two-a');
  await delay(5000);
  follow(dstack, server, 'two-b');
  await stopRuns(dstack, 10);
  await untilSame(dstack, server);
  await expectAsFound(dstack, server, 'two-found');
});

test('without events: all is found by listing', async () => {
  const off = { DSTACK_SERVER_EVENTS_TTL_SECONDS: '0' };
  const [dstack, server] = [await dstackOf('silent', { isAlive: true, settings: off }), await fleetmeter()];
  follow(dstack, server, 'silent');
  await untilSame(dstack, server);
  await stopRuns(dstack, 10);
  await untilSame(dstack, server);
});

test('on Postgres', async () => {
  const postgres = await startPostgres();
  ends.push(async () => {
    postgres.stop();
    await Promise.resolve();
  });
  const settings = { DSTACK_DATABASE_URL: `postgresql+asyncpg://${postgres.address}` };
  const folder = mkdtempSync(join(dir, 'postgres-'));
  const quiet = await startDstack({ dir: folder, settings });
  quiet.fill(FILLINGS.evented);
  await quiet.stop();
  const dstack = await startDstack({ dir: folder, settings, isAlive: true });
  ends.push(() => dstack.stop());
  const server = await fleetmeter();
  follow(dstack, server, 'postgres');
  await stopRuns(dstack, 10);
  await untilSame(dstack, server);
  await expectAsFound(dstack, server, 'postgres-found');
});

test('a user and a project are deleted: history keeps their names, and that is told apart', async () => {
  const [dstack, server] = [await dstackOf('evented', { isAlive: true }), await fleetmeter()];
  const { said } = follow(dstack, server, 'deleted');
  await until(() => said().includes('the snapshot is on the log'), PATIENCE_MS, said);
  await dstack.call('/api/users/delete', { users: ['user-1'] });
  expect(await untilSame(dstack, server)).toMatch(/^not compared: [1-9].*renamed$/m);
  await endAll(dstack, 'beta');
  await until(
    async () => {
      await dstack.call('/api/projects/delete', { projects_names: ['beta'] });
      return true;
    },
    PATIENCE_MS,
    () => 'the project has fleets still',
  );
  expect(await untilSame(dstack, server)).toMatch(/^not compared: [1-9].*renamed$/m);
  const page = await (await fetch(`${server.url}/metrics`)).text();
  expect(page).toMatch(
    /dstack_run_count_total\{dstack_project_name="beta",dstack_user_name="user-1"\} [1-9]/,
  );
});

/** dstack deletes a project when nothing is left alive in it. */
async function endAll(dstack: DstackServer, project: string): Promise<void> {
  const runs = (await dstack.call('/api/runs/list', {
    only_active: true,
    project_name: project,
    limit: 100,
  })) as {
    readonly run_spec: { readonly run_name: string };
  }[];
  const names = runs.map(({ run_spec: spec }) => spec.run_name);
  await dstack.call(`/api/project/${project}/runs/stop`, { runs_names: names, abort: true });
  const fleets = (await dstack.call(`/api/project/${project}/fleets/list`, {})) as {
    readonly name: string;
  }[];
  await until(
    async () => {
      await dstack.call(`/api/project/${project}/fleets/delete`, { names: fleets.map(({ name }) => name) });
      return true;
    },
    PATIENCE_MS,
    () => 'the fleets are still in use',
  );
  await until(
    async () => {
      const left = (await dstack.call('/api/instances/list', { project_names: [project], limit: 5000 })) as {
        readonly status: string;
      }[];
      return left.every(({ status }) => status === 'terminated');
    },
    PATIENCE_MS,
    () => 'instances are still there',
  );
}
