/** Real dstack servers: the package from PyPI, filled by tests/bridge/fill_dstack.py. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/ports';
import { until } from '../support/server';

const PACKAGE = 'dstack[server]';
const VERSION = '0.22.5';
const CACHE = join(__dirname, '../../node_modules/.cache');
const FILLER = join(__dirname, 'fill_dstack.py');
const START_MS = 120_000;

export const ADMIN_TOKEN = 'sesame-91c7';

export interface DstackServer {
  readonly url: string;
  readonly pid: number | undefined;
  /** Asks its API; throws where it does not answer 200. */
  call(path: string, body: object): Promise<unknown>;
  /** See fill_dstack.py; what it has made. */
  fill(options: Readonly<Record<string, unknown>>): { readonly secrets: readonly string[] };
  /** What it has written so far. */
  said(): string;
  stop(): Promise<void>;
}

export interface DstackOptions {
  /** A folder of its own, empty or one that a server has left. */
  readonly dir: string;
  /** False: nothing happens there but what one asks for. */
  readonly isAlive?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const servers = new Set<ChildProcess>();
process.once('exit', () => {
  for (const server of servers) server.kill('SIGKILL');
});

export async function startDstack({
  dir,
  isAlive = false,
  settings = {},
}: DstackOptions): Promise<DstackServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const env = environment(dir, {
    DSTACK_SERVER_ADMIN_TOKEN: ADMIN_TOKEN,
    DSTACK_ENABLE_PROMETHEUS_METRICS: '1',
    DSTACK_SERVER_LOG_LEVEL: 'WARNING',
    DO_NOT_TRACK: '1',
    ...(isAlive ? {} : { DSTACK_SERVER_BACKGROUND_PROCESSING_DISABLED: '1' }),
    ...settings,
  });
  const args = ['-m', 'dstack._internal.cli.main', 'server', '-n', '--port', String(port)];
  const child = spawn('python3', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  servers.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-100_000)));
  const ended = once(child, 'exit');
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`dstack ended: ${said}`);
      return (await fetch(`${url}/healthcheck`)).ok;
    },
    START_MS,
    () => `dstack is not there: ${said}`,
  );
  return {
    url,
    pid: child.pid,
    async call(path, body) {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${text}`);
      const answer: unknown = text === '' ? undefined : JSON.parse(text);
      return answer;
    },
    fill(options) {
      const run = spawnSync('python3', [FILLER, JSON.stringify(options)], { env, encoding: 'utf8' });
      if (run.status !== 0) throw new Error(`fill_dstack.py failed: ${run.stderr}`);
      return JSON.parse(run.stdout) as { readonly secrets: readonly string[] };
    },
    said: () => said,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      servers.delete(child);
    },
  };
}

/** Its home is the folder, so that nothing of it is left elsewhere. */
function environment(dir: string, settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DSTACK_'));
  const own = {
    HOME: dir,
    DSTACK_SERVER_DIR: dir,
    PYTHONPATH: provideDstack(),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return { ...Object.fromEntries(inherited), ...own, ...settings };
}

/** The folder of the package, installed where it isn't there yet. */
function provideDstack(): string {
  const folder = join(CACHE, `dstack-${VERSION}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'dstack-'));
  const install = ['-m', 'pip', 'install', '--quiet', '--target', fresh, `${PACKAGE}==${VERSION}`];
  const { status, stderr } = spawnSync('python3', install, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error(
      `pip could not install ${PACKAGE}==${VERSION}, which needs Python 3.10 or newer\n${stderr}`,
    );
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another suite, in a process of its own, was sooner.
    if (!existsSync(folder)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
