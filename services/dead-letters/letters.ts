import type { DeadLetter } from '../../events/dead-letter';
import { readTopic } from '../history/whole-topic';
import type { EventLog } from '../log/port';
import { readEntry } from './letter';

/** A letter of the dead-letter topic, and what became of it. */
export interface Found {
  /** topic/partition/offset of the record that was refused. */
  readonly id: string;
  readonly letter: DeadLetter;
  /** When the log appended the record. */
  readonly timeMs: number;
  /** When its record was sent again; null: it wasn't. */
  readonly redrivenMs: number | null;
}

/**
 * All letters, in the order of the log; one that was written twice is returned once. Throws LogReadError if
 * the log is away. Remembers only the name of each letter.
 */
export async function* readLetters(log: EventLog): AsyncGenerator<Found> {
  const redriven = await readNotes(log);
  const seen = new Set<string>();
  for await (const records of readTopic(log, 'dead-letter')) {
    for (const { value } of records) {
      const entry = readEntry(value);
      if (entry?.kind !== 'letter' || seen.has(entry.id)) continue;
      const { id, letter, timeMs } = entry;
      seen.add(id);
      yield { id, letter, timeMs, redrivenMs: redriven.get(id) ?? null };
    }
  }
}

/** When records were sent again, by letter. */
async function readNotes(log: EventLog): Promise<Map<string, number>> {
  const redriven = new Map<string, number>();
  for await (const records of readTopic(log, 'dead-letter')) {
    for (const { value } of records) {
      const entry = readEntry(value);
      if (entry?.kind === 'redriven') redriven.set(entry.id, entry.timeMs);
    }
  }
  return redriven;
}

/** The newest letters, the oldest of them first, and how many there are in all. */
export async function newestLetters(
  log: EventLog,
  isAsked: (found: Found) => boolean,
  limit: number,
): Promise<{ readonly newest: readonly Found[]; readonly count: number }> {
  let kept: Found[] = [];
  let count = 0;
  for await (const found of readLetters(log)) {
    if (!isAsked(found)) continue;
    count++;
    kept.push(found);
    if (kept.length >= 2 * limit + 1000) kept = newestOf(kept, limit);
  }
  return { newest: newestOf(kept, limit), count };
}

function newestOf(letters: Found[], limit: number): Found[] {
  letters.sort((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
  return letters.slice(Math.max(0, letters.length - limit));
}
