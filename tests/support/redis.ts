/**
 * A real redis-server of the test's own: a free port, a temporary folder, and its end with the test, even
 * where the test's process is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports';
import { type Program, end, provide } from './provide';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Where its snapshot and its append-only files lie; they survive kill() and start(). */
  readonly dir: string;
  readonly running: boolean;
  /** As a crash: SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again where it was, and waits until it answers. */
  start(): Promise<void>;
  /** Stops and continues the process: connections stay open, and nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server; `config` are further lines of redis.conf, such as `maxmemory 50mb`. */
export async function startRedis(config: readonly string[] = []): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-redis-'));
  const port = await freePort();
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    'save ""',
    'appendonly yes',
    // A replica gets its data at once.
    'repl-diskless-sync-delay 0',
    ...config,
  ];
  return runServer({ dir, port, lines });
}

/** Starts a sentinel: the same program, which keeps what it knows in its configuration file. */
export async function startSentinel(config: readonly string[]): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-sentinel-'));
  const port = await freePort();
  const file = join(dir, 'sentinel.conf');
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, ...config, ''].join('\n'));
  return runServer({ dir, port, lines: [], args: [file, '--sentinel'] });
}

interface Launch {
  readonly dir: string;
  readonly port: number;
  readonly lines: readonly string[];
  /** Instead of the lines on standard input. */
  readonly args?: readonly string[];
}

async function runServer({ dir, port, lines, args = ['-'] }: Launch): Promise<RedisServer> {
  let child: Started | null = null;

  async function kill(): Promise<void> {
    await child?.kill();
    child = null;
  }

  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get running() {
      return child !== null;
    },
    kill,
    async start() {
      child = await startProcess(lines, args);
    },
    freeze: () => child?.process.kill('SIGSTOP'),
    thaw: () => child?.process.kill('SIGCONT'),
    async stop() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

interface Started {
  readonly process: ChildProcess;
  kill(): Promise<void>;
}

async function startProcess(lines: readonly string[], ownArgs: readonly string[]): Promise<Started> {
  const program = await provide('redis-server');
  const [command, ...args] = program.argv;
  const child = spawn(command, [...args, ...ownArgs], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const guard = guardOf(program, child.pid);
  child.stdin.end(lines.join('\n'));
  await readyToAccept(child);
  return {
    process: child,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        end(program, child.pid);
        await gone;
      }
      guard.kill('SIGKILL');
    },
  };
}

/** Waits until this process is gone (its end of the pipe closes), then ends the server. */
function guardOf({ endArgv }: Program, pid: number | undefined): ChildProcess {
  const commands = ['cat >/dev/null', `kill -s KILL -- -${pid ?? ''} 2>/dev/null`, '"$@"'].join('; ');
  const guard = spawn('sh', ['-c', commands, 'sh', ...(endArgv ?? ['true'])], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  return guard;
}

async function readyToAccept(child: ChildProcess): Promise<void> {
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      log.push(data.toString());
      if (/Ready to accept connections|Sentinel ID is/.test(log.join(''))) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`redis-server ended:\n${log.join('')}`));
    });
  });
  child.stdout?.removeAllListeners('data').resume();
}
