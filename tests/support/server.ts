/** The built command line as real processes: `dist/services/cli/main.js`, which `npm test` builds first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './ports';

/** TEST_MAIN: another build, which stays as it is while this one is recreated. */
const MAIN = process.env['TEST_MAIN'] ?? resolve(__dirname, '../../dist/services/cli/main.js');
const READY_MS = 90_000;

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface Server {
  readonly url: string;
  readonly pid: number;
  /** What it has written to standard error so far. */
  said(): string;
  /** As a crash. */
  kill(): Promise<void>;
  /** Asks it to end; resolves to its exit code. */
  terminate(): Promise<number | null>;
}

/**
 * Starts `serve` on a free port, with these options, and waits until it is ready; `launcher`: a command that
 * becomes it.
 */
export async function startServer(
  settings: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  launcher: readonly string[] = [],
): Promise<Server> {
  const port = await freePort();
  const isTls = settings['FLEETMETER_TLS_CERT_FILE'] !== undefined;
  const url = `${isTls ? 'https' : 'http'}://127.0.0.1:${String(port)}`;
  const address = `127.0.0.1:${String(port)}`;
  const given = { FLEETMETER_LISTEN: address, FLEETMETER_LOG_LEVEL: 'warn', ...settings };
  const child = start(['serve', ...options], given, launcher);
  const ended = once(child, 'exit');
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let greeted = false;
  child.stdout?.on('data', () => (greeted = true));
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`serve ended with ${String(child.exitCode)}: ${said}`);
      // fetch() trusts no authority of a test's.
      return isTls ? greeted : (await fetch(`${url}/-/ready`)).ok;
    },
    READY_MS,
    () => `serve is not ready: ${said}`,
  );
  return {
    url,
    pid: child.pid ?? -1,
    said: () => said,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async terminate() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Run> {
  const child = start(args, settings);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin?.on('error', () => undefined).end(input);
  await once(child, 'close');
  return {
    code: child.exitCode,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}

export interface Command {
  /** What it has written so far. */
  said(): string;
  /** As a crash. */
  kill(): Promise<void>;
}

/** Starts a command that goes on until it is ended. */
export function startCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Command {
  const child = start(args, settings);
  const ended = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return {
    said: () => said,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function start(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  launcher: readonly string[] = [],
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEETMETER_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  const [command = '', ...rest] = [...launcher, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Waits for a condition; what it throws while the deadline is not over counts as not yet. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  deadlineMs: number,
  otherwise: () => string,
): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = ` (${String(error)})`;
    }
    if (Date.now() > endMs) throw new Error(`${otherwise()}${last}`);
    await delay(50);
  }
}

/** Posts events, a line each. Resolves to the answer's status and body. */
export async function post(
  url: string,
  lines: readonly string[],
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: lines.join('\n') });
  return { status: response.status, body: await response.text() };
}
