import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and its parents, one at a time: under /proc Node's own recursive form never ends, and on a
 * read-only file system it reports the wrong error.
 */
export function makeFolder(path: string): void {
  const whole = resolve(path);
  const found = statSync(whole, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found === undefined && dirname(whole) !== whole) makeFolder(dirname(whole));
  mkdirSync(whole);
}
