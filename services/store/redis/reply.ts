import type { Acquired, Delta, Entries, Head, Standing } from '../port';

/** Replies, checked: what doesn't fit was not written by this store, and throws. */
export type Texts = readonly (string | null)[];

export function texts(reply: unknown): Texts {
  if (!Array.isArray(reply)) throw new Error(`corrupted store: expected a list, got ${typeof reply}`);
  return reply.map((item: unknown) => {
    if (item !== null && typeof item !== 'string') {
      throw new Error(`corrupted store: expected text, got ${typeof item}`);
    }
    return item;
  });
}

/** epoch, behind, counter, head fields. */
export function acquired(generation: string, [epoch, behind, counter, ...head]: Texts): Acquired {
  return {
    kind: 'acquired',
    generation,
    epoch: integer(epoch, 'epoch'),
    counter: counter == null ? 0 : integer(counter, 'counter'),
    head: counter == null ? null : headOf(head),
    behind: behind !== '0',
  };
}

/** epoch, counter, head fields, then key and value in turn. */
export function delta(generation: string, [epoch, counter, ...rest]: Texts): Delta {
  const changes: { key: string; value: string | null }[] = [];
  for (let i = HEAD_FIELDS; i < rest.length; i += 2) {
    changes.push({ key: text(rest[i], 'key'), value: rest[i + 1] ?? null });
  }
  return {
    kind: 'delta',
    generation,
    version: { epoch: integer(epoch, 'commit_epoch'), counter: integer(counter, 'counter') },
    head: headOf(rest),
    changes,
  };
}

/** behind, counter, head fields. */
export function standing([behind, counter, ...head]: Texts): Standing {
  return { behind: behind !== '0', head: counter == null ? null : headOf(head) };
}

const HEAD_FIELDS = 4;

function headOf([lifecycle, telemetry, pageTimeMs, fold]: Texts): Head {
  return {
    positions: { lifecycle: integer(lifecycle, 'lifecycle'), telemetry: integer(telemetry, 'telemetry') },
    pageTimeMs: integer(pageTimeMs, 'page_time_ms'),
    fold: text(fold, 'fold'),
  };
}

/** Of HSCAN. */
export function scanned(reply: unknown): { cursor: string; entries: Entries } {
  if (!Array.isArray(reply)) throw new Error(`corrupted store: expected a list, got ${typeof reply}`);
  const flat = texts(reply[1]);
  const entries: { key: string; value: string }[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    entries.push({ key: text(flat[i], 'key'), value: text(flat[i + 1], 'value') });
  }
  return { cursor: text(reply[0], 'cursor'), entries };
}

/** Of TIME: seconds, microseconds. */
export function timeMs(reply: unknown): number {
  const [seconds, microseconds] = texts(reply);
  return integer(seconds, 'seconds') * 1000 + Math.floor(integer(microseconds, 'microseconds') / 1000);
}

/** Names and values in turn, as CONFIG GET returns them. */
export function mapOf(reply: unknown): Map<string, string> {
  const flat = texts(reply);
  const map = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) map.set(text(flat[i], 'name'), text(flat[i + 1], 'value'));
  return map;
}

export function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new Error(`corrupted store: ${field} is missing`);
  return value;
}

function integer(value: string | null | undefined, field: string): number {
  const number = Number(value ?? Number.NaN);
  if (!Number.isSafeInteger(number)) {
    throw new Error(`corrupted store: ${field} is ${String(value)}, expected a whole number`);
  }
  return number;
}
