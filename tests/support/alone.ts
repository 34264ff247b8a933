import { rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A lock as old as this was left by a process that is gone. */
const STALE_MS = 5 * 60_000;

/**
 * Runs `work` while no other process does the same under this lock's path: jest gives each test file a
 * process of its own.
 */
export async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  while (!takeLock(lock)) await delay(200);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const lock = statSync(path, { throwIfNoEntry: false });
    if (lock && Date.now() - lock.mtimeMs > STALE_MS) rmSync(path, { force: true });
    return false;
  }
}
