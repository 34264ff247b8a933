import { createHash } from 'node:crypto';
import { openRecent } from './recent-names';
import type { Recent } from './recent-names';
import type { AppendRecord, Bounds, EventLog, OwnedTopic } from '../log/port';

/** What a log has of one partition of a topic. */
export interface Range {
  readonly topic: OwnedTopic;
  readonly partition: number;
  readonly bounds: Bounds;
}

/** What the log already has of the lines being imported: compared with them one by one, in order. */
export interface Present {
  /** Compares the next record of its partition with what is there. */
  compare(record: AppendRecord): Promise<Compared>;
  /** Where the log holds more than the lines compared; undefined: nowhere. */
  left(): Promise<string | undefined>;
  /** How many were the same. */
  count(): number;
  close(): Promise<void>;
}

export type Compared =
  { readonly kind: 'same' | 'absent' } | { readonly kind: 'other'; readonly detail: string };

interface Cursor {
  readonly name: string;
  /** Values in order of offset. */
  readonly values: AsyncIterator<Buffer, undefined>;
  /**
   * Recent records that were the same: an append without an answer was sent again, so its records may be
   * there twice.
   */
  readonly recent: Recent;
}

/** @param atOnce the most records that one append has: so many may be there twice in a row */
export function openPresent(log: EventLog, ranges: readonly Range[], atOnce: number): Present {
  const cursors = new Map(
    ranges.map(({ topic, partition, bounds: { start, end } }): [string, Cursor] => {
      const name = `${topic}/${String(partition)}`;
      const values = valuesOf(log, topic, partition, start, end)[Symbol.asyncIterator]();
      return [name, { name, values, recent: openRecent(atOnce) }];
    }),
  );
  let count = 0;

  async function compareNext(cursor: Cursor, expected: Buffer | undefined): Promise<Compared> {
    for (;;) {
      const next = await cursor.values.next();
      if (next.done === true) return { kind: 'absent' };
      const { value } = next;
      const hash = hashOf(value);
      if (expected?.equals(value) === true) {
        cursor.recent.add(hash);
        count++;
        return { kind: 'same' };
      }
      if (cursor.recent.has(hash)) continue;
      return { kind: 'other', detail: `${cursor.name} holds another event there` };
    }
  }

  return {
    compare(record) {
      const cursor = cursors.get(`${record.topic}/${String(record.partition)}`);
      if (cursor === undefined) throw new Error(`no partition ${String(record.partition)}`);
      return compareNext(cursor, record.value);
    },
    async left() {
      for (const cursor of cursors.values()) {
        const compared = await compareNext(cursor, undefined);
        if (compared.kind === 'other') return `${cursor.name} holds events that are not among the lines`;
      }
      return undefined;
    },
    count: () => count,
    async close() {
      for (const { values } of cursors.values()) await values.return?.();
    },
  };
}

async function* valuesOf(
  log: EventLog,
  topic: OwnedTopic,
  partition: number,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (start >= end) return;
  for await (const records of log.read(topic, partition, start, end)) {
    for (const { value } of records) yield value ?? Buffer.alloc(0);
  }
}

function hashOf(value: Buffer): string {
  return createHash('sha256').update(value).digest('base64');
}
