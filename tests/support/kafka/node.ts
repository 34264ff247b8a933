import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopProcess } from '../stopped';

const SETPRIV = '/usr/bin/setpriv';
const LIGHT_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Arguments of a small, quickly started JVM. */
export function jvm(heapMb: number, classPath: string): string[] {
  const log4j = `-Dlog4j2.configurationFile=${join(__dirname, 'log4j2.properties')}`;
  return [`-Xmx${heapMb}m`, ...LIGHT_JVM, log4j, '-cp', classPath];
}

/**
 * A Java process whose output goes to a file. It dies with this one, on Linux even where this one is killed.
 */
export interface JavaProcess {
  readonly exited: Promise<number | null>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it stands still. */
  pause(): Promise<void>;
  log(): string;
}

export function startJava(args: readonly string[], logFile: string): JavaProcess {
  const output = openSync(logFile, 'a');
  const dieWithParent = ['--pdeathsig', 'KILL', '--', 'java'];
  const stdio: StdioOptions = ['ignore', output, output];
  const child = existsSync(SETPRIV)
    ? spawn(SETPRIV, [...dieWithParent, ...args], { stdio })
    : spawn('java', args, { stdio });
  closeSync(output);
  children.add(child);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      children.delete(child);
      resolve(code);
    });
  });
  return {
    exited,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    pause: async () => {
      if (child.pid !== undefined) await stopProcess(child.pid);
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}
