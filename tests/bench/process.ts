import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { freePort } from '../support/ports';

const MAIN = resolve(__dirname, '../../dist/services/cli/main.js');
const LOOK_EVERY_MS = 200;
/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;

export interface Watched {
  readonly stderr: string;
  readonly seconds: number;
  /** Of all its threads: on a machine with others at work, more of a measure than the time that went by. */
  readonly cpuSeconds: number;
  /**
   * The most that it had at a time; what lies in files mapped into it is distinguished, since the system can
   * take that back.
   */
  readonly anonymousMb: number;
  readonly mappedMb: number;
}

/**
 * Runs a command of what is built to its end, and looks at its memory meanwhile (Linux alone tells it).
 * @param out where its standard output goes
 */
export async function runWatched(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  out: string,
): Promise<Watched> {
  const startMs = performance.now();
  const env = { ...process.env, ...settings };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const written = pipeline(child.stdout, createWriteStream(out));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let most: Usage = { cpuSeconds: 0, anonymousMb: 0, mappedMb: 0 };
  const looking = setInterval(() => {
    const now = usageOf(child.pid);
    most = {
      cpuSeconds: Math.max(most.cpuSeconds, now.cpuSeconds),
      anonymousMb: Math.max(most.anonymousMb, now.anonymousMb),
      mappedMb: Math.max(most.mappedMb, now.mappedMb),
    };
  }, LOOK_EVERY_MS);
  await ended;
  clearInterval(looking);
  await written;
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${stderr}`);
  return { stderr, seconds: (performance.now() - startMs) / 1000, ...most };
}

/** A server that may fold for a long time before it is ready. */
export async function startServing(settings: Readonly<Record<string, string>>) {
  const listen = `127.0.0.1:${String(await freePort())}`;
  const env = { ...process.env, FLEETMETER_LISTEN: listen, ...settings };
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    url: `http://${listen}`,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop(): Promise<void> {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

export type Usage = Pick<Watched, 'cpuSeconds' | 'anonymousMb' | 'mappedMb'>;

/** Of a process, by what Linux tells of it. */
export function usageOf(pid: number | undefined): Usage {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    const mbOf = (name: string): number =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1000);
    return { cpuSeconds, anonymousMb: mbOf('RssAnon'), mappedMb: mbOf('RssFile') };
  } catch {
    return { cpuSeconds: 0, anonymousMb: 0, mappedMb: 0 };
  }
}
