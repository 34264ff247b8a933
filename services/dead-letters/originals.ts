import { LogReadError } from '../log/port';
import type { EventLog, LogRecord, OwnedTopic } from '../log/port';
import { topicOf } from './letter';
import type { Found } from './letters';

/** Records this close to each other are read in one go. */
const NEAR_OFFSETS = 200;
const TOPICS: readonly OwnedTopic[] = ['lifecycle', 'telemetry'];

/** A record that a letter stands for. */
interface Place {
  readonly id: string;
  readonly offset: number;
}

/**
 * The records that letters stand for, by the letters' ids; those no longer on the log are missing. Throws
 * LogReadError if the log is away.
 */
export async function readOriginals(
  log: EventLog,
  letters: readonly Found[],
): Promise<ReadonlyMap<string, LogRecord>> {
  const originals = new Map<string, LogRecord>();
  for (const topic of TOPICS) {
    const bounds = await log.bounds(topic);
    if (bounds.kind === 'unavailable') throw new LogReadError(bounds.detail);
    for (const [partition, { start, end }] of bounds.partitions.entries()) {
      const places = letters
        .filter(({ letter }) => topicOf(letter) === topic && letter.partition === partition)
        .map(({ id, letter }) => ({ id, offset: letter.offset }))
        .filter(({ offset }) => offset >= start && offset < end);
      for (const run of runsOf(places)) await readRun(log, topic, partition, run, originals);
    }
  }
  return originals;
}

async function readRun(
  log: EventLog,
  topic: OwnedTopic,
  partition: number,
  run: readonly Place[],
  originals: Map<string, LogRecord>,
): Promise<void> {
  const ids = new Map(run.map(({ id, offset }) => [offset, id]));
  const offsets = run.map(({ offset }) => offset);
  for await (const records of log.read(topic, partition, Math.min(...offsets), Math.max(...offsets) + 1)) {
    for (const record of records) {
      const id = ids.get(record.offset);
      if (id !== undefined) originals.set(id, record);
    }
  }
}

/** Groups of places that are close to each other. */
function runsOf(places: readonly Place[]): Place[][] {
  const runs: Place[][] = [];
  for (const place of [...places].sort((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && place.offset - last.offset <= NEAR_OFFSETS)
      run.push(place);
    else runs.push([place]);
  }
  return runs;
}
