import { appendFileSync, createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Lines by day and family, kept on disk until a day's file is written. */
export interface Spool {
  add(dayMs: number, family: string, line: string): void;
  read(dayMs: number, family: string): AsyncIterable<string>;
  remove(): void;
}

/** The most that is buffered in memory, over all days and families. */
const BUFFERED_CHARS = 4_000_000;

/** @param dir where the spool's folder is made */
export function openSpool(dir: string): Spool {
  const folder = mkdtempSync(join(dir, '.backfill-'));
  let held = new Map<string, string[]>();
  let chars = 0;
  const pathOf = (dayMs: number, family: string): string => join(folder, `${String(dayMs)}-${family}`);

  function flush(): void {
    for (const [path, lines] of held) appendFileSync(path, lines.join(''));
    held = new Map();
    chars = 0;
  }

  return {
    add(dayMs, family, line) {
      const path = pathOf(dayMs, family);
      const lines = held.get(path);
      if (lines === undefined) held.set(path, [line]);
      else lines.push(line);
      chars += line.length;
      if (chars > BUFFERED_CHARS) flush();
    },
    async *read(dayMs, family) {
      flush();
      const path = pathOf(dayMs, family);
      if (existsSync(path)) yield* createReadStream(path, 'utf8');
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
