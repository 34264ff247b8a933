import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../process/folder';
import { errnoOf } from '../process/errno';
import { FolderInUse } from '../log/embedded/lock';
import { CommandError, EXIT } from './exit';

/**
 * Opens an embedded log or store in a part of FLEETMETER_DATA_DIR, which is created if missing. If it can't
 * be used, that is a mistake in the setting (exit code 2); if another process has it open, it is in use (3).
 */
export async function openInDataDir<T>(
  dataDir: string,
  part: 'log' | 'store',
  open: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = resolve(dataDir, part);
  try {
    makeFolder(folder);
    mustBeWritable(folder);
    mustBeOurs(folder);
    return await open(folder);
  } catch (error) {
    if (error instanceof FolderInUse) throw new CommandError(EXIT.away, error.message);
    const why = errnoOf(error) === undefined && error instanceof Error ? error.message : whyNot(error);
    throw new CommandError(EXIT.usage, `FLEETMETER_DATA_DIR: ${dataDir.slice(0, 80)}, ${why}`);
  }
}

const WHY: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'not permitted'],
  ['EROFS', 'it is on a read-only file system'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EEXIST', 'a part of the path is a file'],
  ['ENOENT', 'no folder can be made there'],
  ['ENOSPC', 'no space is left on its disk'],
  ['ENAMETOOLONG', 'the path is too long'],
]);

function whyNot(error: unknown): string {
  const code = errnoOf(error) ?? String(error);
  return `expected a folder that can be made and written: ${WHY.get(code) ?? 'it cannot'} (${code})`;
}

function mustBeWritable(folder: string): void {
  const probe = join(folder, `.probe-${String(process.pid)}`);
  closeSync(openSync(probe, 'w'));
  rmSync(probe, { force: true });
}

/** Where LMDB's first page identifies itself. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;

/** LMDB maps whatever file it is given, and a file that isn't its own crashes the process without a word. */
function mustBeOurs(folder: string): void {
  const path = join(folder, 'data.mdb');
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.size === 0) return;
  const head = Buffer.alloc(MAGIC_AT + 4);
  const file = openSync(path, 'r');
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  if (head.readUInt32LE(MAGIC_AT) === MAGIC) return;
  throw new Error(`${path} is no file of fleetmeter's: move it away, or set another folder`);
}
