/**
 * The blocks of the README and the tutorial, run as they stand there (steps.ts says how). Only the address is
 * another one, so that the test needs no fixed port, and `npm ci` is left out: it would take the packages
 * away from under the other tests. readme.deep.test.ts does both, word for word.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readPage } from './pages';
import { readSteps, shows, type Step } from './steps';

const ROOT = resolve(__dirname, '../..');
const ADDRESS = 'localhost:19464';
const DEADLINE_MS = 180_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://localhost:${port}/-/ready`)).ok;
  } catch {
    return false;
  }
}

describe.each(['README.md', 'docs/tutorial/first-page.md'])('%s', (page) => {
  const steps = readSteps(readPage(page).text);
  let dataDir: string;
  let port: number;
  let server: ChildProcess;
  let said = '';

  const here = (text: string) => text.replaceAll(ADDRESS, `localhost:${port}`);

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'fleetmeter-tutorial-'));
    port = await freePort();
    server = spawn('bash', ['-c', (steps[0]?.script ?? '').replace('npm ci && ', '')], {
      cwd: ROOT,
      detached: true,
      env: { ...process.env, FLEETMETER_LISTEN: `127.0.0.1:${port}`, FLEETMETER_DATA_DIR: dataDir },
    });
    server.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // A reader goes on when it says where it listens.
    const until = Date.now() + DEADLINE_MS;
    while (!(await isReady(port)) && Date.now() < until && server.exitCode === null) await delay(100);
  }, DEADLINE_MS + 30_000);

  afterAll(async () => {
    if (server.exitCode === null && server.pid !== undefined) {
      const ended = new Promise((done) => server.once('exit', done));
      // The whole group: npm's child is the server.
      process.kill(-server.pid, 'SIGTERM');
      await ended;
    }
    rmSync(dataDir, { recursive: true, force: true });
  }, 30_000);

  /** Runs a step; null: as the tutorial says. */
  function run({ script, output }: Step): string | null {
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', here(script)], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const right = output === null ? status === 0 : shows(stdout, output);
    return right ? null : `exit status ${String(status)}\n${stdout}\n${stderr}`;
  }

  test('begins with the server', () => {
    expect(steps.map(({ how }) => how)).toEqual(['server', ...steps.slice(1).map(({ how }) => how)]);
    expect(steps.filter(({ how }) => how === 'run').length).toBeGreaterThan(0);
  });

  test.each(steps.slice(1).map((step, index) => [index + 1, step.script.split('\n')[0], step] as const))(
    'block %i: %s',
    async (_, __, step) => {
      const until = Date.now() + DEADLINE_MS;
      let wrong = run(step);
      while (wrong !== null && step.how === 'poll' && Date.now() < until && server.exitCode === null) {
        await delay(100);
        wrong = run(step);
      }
      expect(wrong === null ? null : `${wrong}\n--- the server said:\n${said}`).toBeNull();
    },
    DEADLINE_MS + 30_000,
  );
});
