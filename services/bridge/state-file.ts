import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../process/errno';

export interface StateFile {
  /** Undefined: there is none yet. Throws if it can't be read, or isn't one. */
  read(): Promise<unknown>;
  /** Durable when it resolves; a crash leaves this state or the previous one. */
  write(state: unknown): Promise<void>;
}

/** @param source whose state it is: another source's is refused */
export function openStateFile(path: string, source: string): StateFile {
  return {
    async read() {
      const text = await readIfThere(path);
      if (text === undefined) return undefined;
      const kept = parse(path, text);
      if (kept.source !== source) {
        throw new Error(
          `${path}: is the state for ${String(kept.source)}, expected ${source}; give each source a folder of its own`,
        );
      }
      return kept.state;
    },
    async write(state) {
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, JSON.stringify({ version: 1, source, state }));
    },
  };
}

/** Whoever reads the file while it is being written sees the previous one. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(path: string, text: string): { readonly source: unknown; readonly state: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    'state' in value &&
    'version' in value &&
    value.version === 1
  )
    return value;
  throw new Error(
    `${path}: expected the state of a bridge; remove it, and the bridge begins with a snapshot`,
  );
}
