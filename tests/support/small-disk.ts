/**
 * A disk that can be full: a tmpfs that the process on it alone can see, and that is gone with it. Linux
 * only.
 */
import { execFileSync } from 'node:child_process';

/** What starts a process with `folder` on a disk of so many MB, and becomes it. */
export function smallDisk(folder: string, megabytes: number): readonly string[] {
  const mount = `mount -t tmpfs -o size=${String(megabytes)}m tmpfs "$0" && exec "$@"`;
  return [...unshare(), 'sh', '-c', mount, folder];
}

/** From now on the disk under `folder` is that large. */
export function resizeDisk(pid: number, folder: string, megabytes: number): void {
  const enter = isRoot() ? [] : ['--user', '--preserve-credentials'];
  const remount = ['mount', '-o', `remount,size=${String(megabytes)}m`, folder];
  execFileSync('nsenter', ['--target', String(pid), '--mount', ...enter, ...remount]);
}

function unshare(): readonly string[] {
  const namespaces = isRoot() ? ['--mount'] : ['--mount', '--user', '--map-root-user'];
  try {
    execFileSync('unshare', [...namespaces, 'true'], { stdio: 'pipe' });
  } catch (error) {
    const what = `unshare ${namespaces.join(' ')}`;
    throw new Error(`a small disk needs root, or leave to make user namespaces (${what})`, { cause: error });
  }
  return ['unshare', ...namespaces];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
