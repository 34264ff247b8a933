import { createHash, randomBytes } from 'node:crypto';
import { realpathSync, renameSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The longest path of a Unix socket that all platforms accept (macOS: 104 bytes with the terminating zero).
 */
const MAX_SOCKET_PATH = 90;

/** Another process (or this one) has the folder open. */
export class FolderInUse extends Error {}

/**
 * Locks a folder for this process, until the returned function is called or the process ends, however it
 * ends.
 *
 * A listening Unix socket is the lock: the kernel closes it with the process (a file with a process id in it
 * would outlive a kill -9, and mean another process in another container), and whoever finds it can ask
 * whether anybody listens. Throws FolderInUse.
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = socketPath(dir);
  do {
    const server = await listen(path);
    if (server) return () => close(server);
  } while (!(await answers(path)) && (await clearAway(path)));
  throw new FolderInUse(
    `${dir} is in use by another process: stop it first (an embedded log belongs to one process at a time)`,
  );
}

/**
 * Beside the data, where it also works between containers; in the temporary folder if that path is too long.
 */
function socketPath(dir: string): string {
  const path = join(realpathSync(dir), 'lock.sock');
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  return join(tmpdir(), `fleetmeter-${createHash('sha256').update(path).digest('hex').slice(0, 24)}.sock`);
}

/** null if something has that address, dead or alive. */
async function listen(path: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Removes an abandoned socket. Of two processes that found it, one may have locked the folder by now: so it
 * is moved aside, asked once more, and put back if somebody answers. false: somebody does.
 */
async function clearAway(path: string): Promise<boolean> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch {
    return true; // the other one was faster
  }
  if (await answers(aside)) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}

/** Node deletes the socket's file as it closes. */
async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
