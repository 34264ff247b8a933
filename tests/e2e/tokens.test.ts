/** Tokens of a file, for some projects or all, on a real server; the file is read again when it changes. */
import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { readPage } from '../support/page-series';
import { startServer, until, type Server } from '../support/server';
import {
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  runSubmitted,
  tell,
  type Told,
} from '../support/told';

const MINUTE = 60_000;

let dir: string;
let server: Server;

function put(tokens: readonly object[]): void {
  writeFileSync(join(dir, 'next'), JSON.stringify(tokens));
  renameSync(join(dir, 'next'), join(dir, 'tokens.json'));
}

const ALL = [
  { name: 'all', token: 'all-scrape', may: ['scrape'] },
  { name: 'admin', token: 'admin', may: ['admin'] },
  { name: 'everyone', token: 'all-ingest', may: ['ingest'] },
  { name: 'team a', token: 'team-a', may: ['scrape', 'ingest'], projects: ['a'] },
  {
    name: 'teams',
    sha256: createHash('sha256').update('both').digest('hex'),
    may: ['scrape'],
    projects: ['a', 'b'],
  },
];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-tokens-'));
  put(ALL);
  server = await startServer({
    FLEETMETER_DATA_DIR: join(dir, 'data'),
    FLEETMETER_TOKENS_FILE: join(dir, 'tokens.json'),
    FLEETMETER_SCRAPE_TOKEN: 'single',
  });
}, 2 * MINUTE);
afterAll(async () => {
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function get(path: string, token?: string): Promise<Answer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(server.url + path, { headers });
  return { status: response.status, body: await response.text() };
}

async function send(
  token: string,
  ...told: readonly Omit<Told, 'atMs'>[]
): Promise<Answer & { reasons: string[] }> {
  const body = told.map((one) => encodeEvent(tell({ ...one, atMs: Date.now() }))).join('\n');
  const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/v1/events`, { method: 'POST', headers, body });
  const text = await response.text();
  const { rejected = [] } = JSON.parse(text) as { rejected?: { reason: string }[] };
  return { status: response.status, body: text, reasons: rejected.map(({ reason }) => reason) };
}

const run = (id: string) => ({ id, name: 'r', type: 'task' });
const job = (id: string, project: string) => [
  runSubmitted(`run-${id}`, { project, run: run(`run-${id}`) }),
  jobSubmitted(id, { project, run: run(`run-${id}`) }),
  jobProvisioned(id, {}, { run: { id: `run-${id}` } }),
];
const jobStatus = (id: string) => ({
  type: 'job.status_changed',
  data: { run: { id: `run-${id}` }, job: { id }, status: 'running' },
});

function projectsOn(page: string): string[] {
  return [
    ...new Set([...readPage(page).keys()].map((key) => /project_name="([^"]*)"/.exec(key)?.[1] ?? 'none')),
  ].sort();
}

test('who bears none, another, or one that is for something else', async () => {
  for (const path of ['/metrics', '/v1/sd', '/metrics/process', '/']) {
    expect([path, (await get(path)).status]).toEqual([path, 401]);
    expect([path, (await get(path, 'other')).status]).toEqual([path, 401]);
    expect([path, (await get(path, 'all-ingest')).status]).toEqual([path, 403]);
    expect([path, (await get(path, 'single')).status]).toEqual([path, 200]);
  }
  expect((await get('/metrics', 'admin')).status).toBe(403);
  expect((await get('/metrics/process', 'admin')).status).toBe(200);
  // What is of all projects, or of none.
  for (const path of ['/metrics/process', '/']) expect((await get(path, 'team-a')).status).toBe(403);
  expect((await get('/v1/sd', 'team-a')).status).toBe(200);
  expect((await send('all-scrape', ...job('x', 'a'))).status).toBe(403);
  expect((await send('single', ...job('x', 'a'))).status).toBe(403);
});

test(
  'a token for some projects sends events of those, and sees their series alone',
  async () => {
    expect(
      (await send('all-ingest', ...job('b1', 'b'), instanceStarted('ib', { project: 'b' }))).status,
    ).toBe(202);
    expect(await send('team-a', ...job('a1', 'a'), jobStatus('a1'))).toMatchObject({
      status: 202,
      reasons: [],
    });
    await until(
      async () => projectsOn((await get('/metrics', 'all-scrape')).body).join() === 'a,b,none',
      MINUTE,
      () => 'the jobs are not on the page',
    );
    expect(projectsOn((await get('/metrics', 'team-a')).body)).toEqual(['a']);
    expect(projectsOn((await get('/metrics', 'both')).body)).toEqual(['a', 'b']);
    expect((await get('/metrics?project=b', 'team-a')).body).toBe('');

    // By what the event says, and by what is committed of its entity, whatever the event says.
    const refused = { status: 403, reasons: ['other_project'] };
    expect(await send('team-a', runSubmitted('new', { project: 'b', run: run('new') }))).toMatchObject(
      refused,
    );
    expect(await send('team-a', jobStatus('b1'))).toMatchObject(refused);
    expect(await send('team-a', runSubmitted('x', { project: 'a', run: run('run-b1') }))).toMatchObject(
      refused,
    );
    expect(await send('team-a', jobSubmitted('j', { project: 'a', run: run('run-b1') }))).toMatchObject(
      refused,
    );
    expect(await send('team-a', instanceStarted('ib', { project: 'a' }))).toMatchObject(refused);
    expect(await send('team-a', jobStatus('nobody'))).toMatchObject(refused);
    const both = await send('team-a', jobStatus('b1'), jobStatus('a1'));
    expect([both.status, JSON.parse(both.body)]).toMatchObject([
      202,
      { accepted: 1, rejected: [{ index: 0 }] },
    ]);
    const page = (target: string) =>
      fetch(`${server.url}/v1/telemetry/dcgm?${target}`, {
        method: 'POST',
        headers: { authorization: 'Bearer team-a' },
        body: 'DCGM_FI_DEV_GPU_UTIL{UUID="GPU-1"} 1\n',
      });
    expect((await page('run=run-a1&job=a1')).status).toBe(202);
    expect((await page('run=run-b1&job=b1')).status).toBe(403);
    expect((await page('instance=ib')).status).toBe(403);
  },
  2 * MINUTE,
);

test(
  'the file is read again when it changes; one that has become wrong changes nothing',
  async () => {
    put([...ALL.slice(1), { name: 'fresh', token: 'fresh', may: ['scrape'] }]);
    await until(
      async () => (await get('/metrics', 'fresh')).status === 200,
      MINUTE,
      () => 'the new token is not known',
    );
    expect((await get('/metrics', 'all-scrape')).status).toBe(401);
    put([{ name: 'wrong' }]);
    await until(
      () => server.said().includes('the tokens file is invalid now'),
      MINUTE,
      () => server.said(),
    );
    expect((await get('/metrics', 'fresh')).status).toBe(200);
    expect(server.said()).not.toMatch(/"[^"]*(?:all-ingest|team-a)/);
  },
  2 * MINUTE,
);
