/**
 * A new user: a clean clone, and the README's commands word for word, up to an event of one's own on the
 * page.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../support/server';
import { readPage } from './pages';
import { readSteps } from './steps';

const ROOT = resolve(__dirname, '../..');
const URL = 'http://localhost:19464';
const MINUTE = 60_000;
const [first, ...rest] = readSteps(readPage('README.md').text);
/** Of a shell that knows nothing of this one's settings. */
const env = Object.fromEntries(
  ['PATH', 'HOME', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

let folder: string;
let server: ChildProcess | undefined;
let said = '';

afterAll(async () => {
  if (server?.pid !== undefined && server.exitCode === null) {
    const ended = new Promise((done) => server?.once('exit', done));
    process.kill(-server.pid, 'SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}, MINUTE);

test(
  'ends at the event on the page',
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleetmeter-readme-'));
    const clone = join(folder, 'fleetmeter');
    await expect(fetch(URL)).rejects.toThrow();
    expect(spawnSync('git', ['clone', '--quiet', ROOT, clone], { encoding: 'utf8' })).toMatchObject({
      status: 0,
    });

    server = spawn('bash', ['-c', first?.script ?? ''], { cwd: clone, env, detached: true });
    server.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(
      async () => (await fetch(`${URL}/-/ready`)).ok,
      10 * MINUTE,
      () => `it does not start: ${said}`,
    );

    expect(rest.map(({ how }) => how)).toEqual(['run', 'poll']);
    for (const { how, script } of rest) {
      let stdout = '';
      const runOnce = () => {
        const done = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
          cwd: clone,
          env,
          encoding: 'utf8',
        });
        stdout = done.stdout;
        return done.status === 0;
      };
      if (how === 'run') expect(runOnce()).toBe(true);
      else {
        await until(runOnce, MINUTE, () => `${script}\n${said}`);
        expect(stdout).toContain('fleetmeter_job_cost_dollars_total{dstack_project_name="main"');
      }
    }
  },
  15 * MINUTE,
);
