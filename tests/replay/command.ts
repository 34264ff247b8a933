import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** As tests/support/server.ts has it. */
const MAIN = process.env['TEST_MAIN'] ?? resolve(__dirname, '../../dist/services/cli/main.js');

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface Command {
  /** Resolves when it has said this on standard error; rejects if it ends before. */
  said(text: string): Promise<void>;
  isRunning(): boolean;
  kill(): Promise<void>;
}

/** Starts a command that is to be ended before it is done. */
export function startCommand(args: readonly string[], settings: Readonly<Record<string, string>>): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FLEETMETER_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  const ended = once(child, 'exit').then(() => children.delete(child));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    async said(text) {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended without "${text}": ${stderr}`);
        await Promise.race([once(child.stderr, 'data'), ended]);
      }
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
