import { readFileSync, readdirSync } from 'node:fs';
import { until } from './server';

/**
 * Stops a process with SIGSTOP, and resolves when all its threads stand still: the signal takes a moment, in
 * which it could answer one request more. Where there is no /proc, it is trusted to be quick.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  if (process.platform !== 'linux') return;
  await until(
    () => threadStates(pid).every((state) => state === 'T'),
    10_000,
    () => `process ${pid} did not stop: ${threadStates(pid).join('')}`,
  );
}

function threadStates(pid: number): string[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).map((id) => {
    const stat = readFileSync(`${threads}/${id}/stat`, 'utf8');
    // The state follows the name, which stands in parentheses and may hold any character.
    return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '?';
  });
}
