import type { Chunk, Gone } from '../delivery';
import { openCursor } from './cursor';
import type { Cursor } from './cursor';
import type { FetchedPartition } from './fetch';

/** The most that is fetched ahead, of one partition and of all. */
const AHEAD_BYTES = 1024 * 1024;
const ALL_AHEAD_BYTES = 64 * 1024 * 1024;

/** Where fetching continues in each partition of a topic, and what was fetched and not taken yet. */
export interface Cursors {
  /** Fetches from there on and forgets what was fetched before. */
  open(topic: string, partition: number, position: number): void;
  /** Whether it has been neither closed nor reopened since. */
  isCurrent(cursor: Cursor): boolean;
  /**
   * The partitions that want more, by leader. Those that got something last come last: a broker fills its
   * answer in the order asked, so a partition that always has more would keep those behind it waiting.
   * @param leaderOf by nameOf()
   */
  wanted(leaderOf: ReadonlyMap<string, string>): Map<string, Cursor[]>;
  add(cursor: Cursor, fetched: FetchedPartition): void;
  /** Nothing of it is fetched until then, on performance.now()'s clock. */
  rest(name: string, untilMs: number): void;
  /** The position is not on the log: nothing more is fetched. */
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
      // A copy, so that a waiting partition doesn't keep the whole answer, with all the others', in memory.
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
