import { decodeEvent } from '../../events/codec';
import { deadLetterOf } from '../../events/dead-letter';
import type { DeadLetter } from '../../events/dead-letter';
import { partitionOf, routeOf } from '../../events/routing';
import type { AppendRecord, EventLog, LogRecord, LogUnavailable } from '../log/port';
import { noteOf } from './letter';
import { readLetters } from './letters';
import type { Found } from './letters';
import { readOriginals } from './originals';

export interface Redriven {
  readonly kind: 'redriven';
  /** Records put on the log again. */
  readonly sent: number;
  /** They had already been sent again. */
  readonly before: number;
  /** The record is no longer on the log, or another one is in its place. */
  readonly gone: readonly string[];
  /** What still can't be read as an event, wherever it is. */
  readonly unreadable: readonly string[];
}

/** Handled together. */
const BATCH = 500;

/**
 * Puts the records of letters on the log again, to be judged again: on the partition of its key, with the
 * present append time. A note beside the letter keeps a record from being sent twice. The note comes after
 * the record, so if a process ends between the two, the record will be sent once more; the same event counts
 * only once.
 */
export async function redrive(
  log: EventLog,
  isAsked: (found: Found) => boolean,
  now: () => number,
): Promise<Redriven | (LogUnavailable & { readonly sent: number })> {
  const counts = { sent: 0, before: 0, gone: [] as string[], unreadable: [] as string[] };
  let batch: Found[] = [];

  async function flush(): Promise<LogUnavailable | undefined> {
    const { records, ids } = await recordsOf(log, batch, counts);
    batch = [];
    const sent = await log.append(records);
    if (sent.kind === 'unavailable') return sent;
    counts.sent += records.length;
    const noted = await log.append(ids.map((id) => noteOf(id, now(), log.partitions)));
    return noted.kind === 'unavailable' ? noted : undefined;
  }

  for await (const found of readLetters(log)) {
    if (!isAsked(found)) continue;
    if (found.redrivenMs !== null) {
      counts.before++;
      continue;
    }
    batch.push(found);
    if (batch.length < BATCH) continue;
    const failed = await flush();
    if (failed !== undefined) return { ...failed, sent: counts.sent };
  }
  const failed = await flush();
  return failed === undefined ? { kind: 'redriven', ...counts } : { ...failed, sent: counts.sent };
}

interface Undelivered {
  readonly gone: string[];
  readonly unreadable: string[];
}

async function recordsOf(
  log: EventLog,
  letters: readonly Found[],
  { gone, unreadable }: Undelivered,
): Promise<{ records: AppendRecord[]; ids: string[] }> {
  const originals = await readOriginals(log, letters);
  const records: AppendRecord[] = [];
  const ids: string[] = [];
  for (const { id, letter } of letters) {
    const original = originals.get(id);
    if (original === undefined || !isOf(letter, original)) {
      gone.push(id);
      continue;
    }
    const value = original.value ?? Buffer.alloc(0);
    const decoded = decodeEvent(value);
    if (!decoded.ok) {
      unreadable.push(id);
      continue;
    }
    const { topic, key } = routeOf(decoded.event);
    records.push({ topic, key, partition: partitionOf(key, log.partitions), value });
    ids.push(id);
  }
  return { records, ids };
}

/** A topic that was recreated has other records at the same offsets. */
function isOf(letter: DeadLetter, record: LogRecord): boolean {
  const again = deadLetterOf({ ...record, topic: letter.topic }, letter.reason, letter.detail);
  return (
    again.bytes === letter.bytes && again.value === letter.value && again.value_base64 === letter.value_base64
  );
}
