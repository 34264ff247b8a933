import type { Chunk, Gone } from '../delivery';
import { openCursor, type Cursor } from './cursor';
import type { FetchedPartition } from './fetch';

/** Fetched ahead, of one partition and of all. */
const AHEAD_BYTES = 1024 * 1024;
const ALL_AHEAD_BYTES = 64 * 1024 * 1024;

/** Where each partition of a topic is fetched on, and what was fetched of it and not taken yet. */
export interface Cursors {
  /** Fetches from there on; what was fetched before is forgotten. */
  open(topic: string, partition: number, position: number): void;
  /** Was it neither closed nor opened anew since? */
  isCurrent(cursor: Cursor): boolean;
  /**
   * By leader, the partitions that want more. Those that got something last come last: a broker fills its answer in the order in which
   * it is asked, so what always has more would keep all behind it waiting.
   * @param leaderOf by nameOf()
   */
  wanted(leaderOf: ReadonlyMap<string, string>): Map<string, Cursor[]>;
  add(cursor: Cursor, fetched: FetchedPartition): void;
  /** Nothing is fetched of it until then, on performance.now()'s clock. */
  rest(name: string, untilMs: number): void;
  /** What stood there is not on the log: nothing is fetched of it any more. */
  lose(cursor: Cursor, gone: Gone): void;
  take(topic: string, partition: number): Promise<Chunk | Gone | null>;
  close(topic: string, partition: number): void;
}

export function openCursors(): Cursors {
  const cursors = new Map<string, Cursor>();
  const gone = new Map<string, Gone>();
  const notBeforeMs = new Map<string, number>();

  return {
    open(topic, partition, position) {
      const cursor = openCursor(topic, partition, position);
      cursors.set(nameOf(cursor), cursor);
      gone.delete(nameOf(cursor));
    },
    isCurrent: (cursor) => cursors.get(nameOf(cursor)) === cursor,
    wanted(leaderOf) {
      const ahead = [...cursors.values()].reduce((sum, cursor) => sum + cursor.bytes(), 0);
      const byLeader = new Map<string, Cursor[]>();
      for (const [name, cursor] of cursors) {
        const leader = leaderOf.get(name);
        if (leader === undefined || gone.has(name)) continue;
        const isFull = cursor.bytes() >= AHEAD_BYTES || (ahead >= ALL_AHEAD_BYTES && cursor.bytes() > 0);
        if (isFull || (notBeforeMs.get(name) ?? 0) > performance.now()) continue;
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), cursor]);
      }
      return byLeader;
    },
    add(cursor, { records, aborted }) {
      // A copy, so that a partition that waits does not keep the whole answer, with all the others', in memory.
      cursor.add(Buffer.from(records), aborted);
      cursors.delete(nameOf(cursor));
      cursors.set(nameOf(cursor), cursor);
    },
    rest(name, untilMs) {
      notBeforeMs.set(name, untilMs);
    },
    lose(cursor, lost) {
      gone.set(nameOf(cursor), lost);
    },
    async take(topic, partition) {
      const name = nameOf({ topic, partition });
      return (await cursors.get(name)?.take()) ?? gone.get(name) ?? null;
    },
    close(topic, partition) {
      cursors.delete(nameOf({ topic, partition }));
    },
  };
}

export function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
