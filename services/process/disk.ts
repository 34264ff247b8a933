import { statfsSync } from 'node:fs';

/**
 * What went wrong with a write to a folder, and how much room its disk has: LMDB reports a full disk as an
 * input/output error.
 */
export function diskTrouble(dir: string, message: string): string {
  return `${dir}: ${message} (${freeSpace(dir)})`;
}

function freeSpace(dir: string): string {
  try {
    const { bavail, bsize } = statfsSync(dir);
    const megabytes = Math.floor((bavail * bsize) / 2 ** 20);
    return megabytes === 0 ? 'no space left on its disk' : `${String(megabytes)} MB free on its disk`;
  } catch {
    return 'its disk does not tell how much is free';
  }
}
