import type { LedgerSettings } from '../fold/ledger';
import { isBlank } from '../history/file-fold';
import type { AppendRecord, Bounds, EventLog, LogUnavailable, OwnedTopic } from '../log/port';
import { openPlacement } from './placement';
import type { Placement } from './placement';
import { openPresent } from './already-there';
import type { Present, Range } from './already-there';

/** A log that lines can be imported into. */
export interface Import {
  readonly kind: 'import';
  /**
   * Appends lines to the log, each to the partition of its key, in order and one append after the other, so
   * that each partition always holds a prefix of what it is going to hold. Throws LogReadError if the log
   * goes away during the comparison.
   * @param onProgress called with the number of lines added to the log since the last call
   */
  run(lines: AsyncIterable<Buffer>, onProgress: (lines: number) => void): Promise<Imported>;
}

export type Imported =
  | {
      readonly kind: 'imported';
      readonly appended: number;
      /** Lines that the log already had. */
      readonly present: number;
      /** The latest log time of the lines; null: there was none. */
      readonly lastLogTimeMs: number | null;
    }
  /** The log doesn't begin with these lines. */
  | { readonly kind: 'other_log'; readonly detail: string }
  | { readonly kind: 'refused'; readonly line: number; readonly detail: string }
  | (LogUnavailable & { readonly appended: number });

export type ImportAnswer = Import | LogUnavailable | { readonly kind: 'not_empty'; readonly detail: string };

const TOPICS = ['lifecycle', 'telemetry'] as const;
/** One append's worth. */
const BATCH_RECORDS = 5000;
const BATCH_BYTES = 4_000_000;

/**
 * @param resume the log already holds the first of the lines: continue after them. Otherwise it must be
 * empty.
 */
export async function openImport(
  log: EventLog,
  settings: LedgerSettings,
  resume: boolean,
): Promise<ImportAnswer> {
  const ranges = await rangesOf(log);
  if (ranges.kind === 'unavailable') return ranges;
  const full = ranges.ranges.find(({ topic, bounds }) => !isEmpty(topic, bounds));
  if (full !== undefined && !resume) return { kind: 'not_empty', detail: describe(full) };
  return {
    kind: 'import',
    async run(lines, onProgress) {
      const present = openPresent(log, ranges.ranges, BATCH_RECORDS);
      try {
        return await putLines(
          lines,
          openPlacement(log.partitions, settings),
          present,
          openBatch(log, onProgress),
        );
      } finally {
        await present.close();
      }
    },
  };
}

async function putLines(
  lines: AsyncIterable<Buffer>,
  placement: Placement,
  present: Present,
  batch: Batch,
): Promise<Imported> {
  let number = 0;
  let lastLogTimeMs: number | null = null;
  for await (const line of lines) {
    number++;
    if (isBlank(line)) continue;
    const placed = placement.place(line);
    if (placed.kind === 'refused') {
      const { reason, detail } = placed.refusal;
      return { kind: 'refused', line: number, detail: `${reason}: ${detail}` };
    }
    lastLogTimeMs = laterOf(lastLogTimeMs, placed.logTimeMs);
    const compared = await present.compare(placed.record);
    if (compared.kind === 'other')
      return { kind: 'other_log', detail: `line ${String(number)}: ${compared.detail}` };
    if (compared.kind === 'same') {
      batch.skip();
      continue;
    }
    const failed = await batch.add(placed.record);
    if (failed !== undefined) return { ...failed, appended: batch.appended() };
  }
  const left = await present.left();
  if (left !== undefined) return { kind: 'other_log', detail: left };
  const failed = await batch.flush();
  if (failed !== undefined) return { ...failed, appended: batch.appended() };
  return { kind: 'imported', appended: batch.appended(), present: present.count(), lastLogTimeMs };
}

function laterOf(a: number | null, b: number | null): number | null {
  return b === null ? a : Math.max(a ?? b, b);
}

interface Batch {
  add(record: AppendRecord): Promise<LogUnavailable | undefined>;
  /** A line that is on the log. */
  skip(): void;
  flush(): Promise<LogUnavailable | undefined>;
  appended(): number;
}

function openBatch(log: EventLog, onProgress: (lines: number) => void): Batch {
  let records: AppendRecord[] = [];
  let bytes = 0;
  let appended = 0;

  async function flush(): Promise<LogUnavailable | undefined> {
    const result = await log.append(records);
    if (result.kind === 'unavailable') return result;
    appended += records.length;
    onProgress(records.length);
    records = [];
    bytes = 0;
    return undefined;
  }

  return {
    add(record) {
      records.push(record);
      bytes += record.value.length;
      const isFull = records.length >= BATCH_RECORDS || bytes >= BATCH_BYTES;
      return isFull ? flush() : Promise.resolve(undefined);
    },
    skip() {
      onProgress(1);
    },
    flush,
    appended: () => appended,
  };
}

async function rangesOf(
  log: EventLog,
): Promise<LogUnavailable | { readonly kind: 'ranges'; readonly ranges: readonly Range[] }> {
  const ranges: Range[] = [];
  for (const topic of TOPICS) {
    const answer = await log.bounds(topic);
    if (answer.kind === 'unavailable') return answer;
    ranges.push(...answer.partitions.map((bounds, partition) => ({ topic, partition, bounds })));
  }
  return { kind: 'ranges', ranges };
}

/** Deleted history still means that the log was in use; deleted samples do no harm. */
function isEmpty(topic: OwnedTopic, { start, end }: Bounds): boolean {
  return topic === 'lifecycle' ? end === 0 : start === end;
}

function describe({ topic, partition, bounds: { start, end } }: Range): string {
  return `partition ${String(partition)} of ${topic} has offsets ${String(start)} to ${String(end)}`;
}
