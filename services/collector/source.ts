import { readFile, stat } from 'node:fs/promises';
import { textOf } from '../../events/encoding';
import type { Fetcher } from '../http/fetcher';
import { readTargets } from './target';
import type { TargetsRead } from './target';

/** Where targets are listed: a file, or an HTTP endpoint, both in Prometheus' service discovery format. */
export interface TargetSource {
  readonly name: string;
  /** How often it is looked at. */
  readonly everyMs: number;
  /** Undefined: it has not changed. */
  read(): Promise<TargetsRead | undefined>;
}

const FILE_EVERY_MS = 2000;
/** Prometheus' own default. */
const HTTP_EVERY_MS = 60_000;
const MAX_FILE_BYTES = 16 * 1024 * 1024;

export function fileSource(path: string): TargetSource {
  let before = '';
  return {
    name: path,
    everyMs: FILE_EVERY_MS,
    async read() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const version = JSON.stringify([mtimeMs, size, ino]);
        if (version === before) return undefined;
        if (size > MAX_FILE_BYTES) {
          return {
            kind: 'unreadable',
            detail: `${String(size)} bytes, expected at most ${String(MAX_FILE_BYTES)}`,
          };
        }
        const read = readTargets(textOf(await readFile(path)));
        before = version;
        return read;
      } catch (error) {
        before = '';
        return { kind: 'unreadable', detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

export function httpSource(url: string, fetcher: Fetcher): TargetSource {
  let before = '';
  return {
    name: url,
    everyMs: HTTP_EVERY_MS,
    async read() {
      const fetched = await fetcher.get(url, { accept: 'application/json' });
      if (fetched.kind === 'failed') return { kind: 'unreadable', detail: fetched.detail };
      const text = fetched.bytes.toString();
      if (text === before) return undefined;
      before = text;
      return readTargets(text);
    },
  };
}
