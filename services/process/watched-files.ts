import { statSync } from 'node:fs';

/** How often files are checked: with a stat of what a mounted secret points to now. */
const EVERY_MS = 1000;

/**
 * Calls back when any of the files has changed, or the process gets SIGHUP.
 * @returns how to stop
 */
export function watchFiles(paths: readonly string[], onChange: () => void): () => void {
  let seen = paths.map(stampOf).join();
  const timer = setInterval(() => {
    const now = paths.map(stampOf).join();
    if (now === seen) return;
    seen = now;
    onChange();
  }, EVERY_MS);
  timer.unref();
  process.on('SIGHUP', onChange);
  return () => {
    clearInterval(timer);
    process.off('SIGHUP', onChange);
  };
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? 'none' : `${String(stats.ino)}/${String(stats.mtimeNs)}/${String(stats.size)}`;
}
