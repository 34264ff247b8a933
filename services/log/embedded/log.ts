import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FUTURE_MS } from '../../../events/time';
import { openDelivery, CHUNK_BYTES, CHUNK_RECORDS } from '../delivery';
import type { Delivery, Feed } from '../delivery';
import { diskTrouble } from '../../process/disk';
import { LogReadError } from '../port';
import type {
  AppendRecord,
  AppendResult,
  EventLog,
  LogUnavailable,
  OwnedTopic,
  Positions,
  Topic,
} from '../port';
import type { TelemetryRetention } from '../retention';
import { lockFolder } from './lock';
import { openRecords } from './records';
import type { Entry, RecordStore } from './records';
import { keepTrimmed } from './trim';

/** The most that may wait for the disk; more is refused, since it would only wait in memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const MAX_PROBE_BYTES = 4 * 1024 * 1024;
const CHUNK_LIMITS = { records: CHUNK_RECORDS, bytes: CHUNK_BYTES };

const FOR_EVER: TelemetryRetention = { ageMs: Infinity, bytes: undefined };

export interface EmbeddedLogOptions {
  /** Created if it doesn't exist; the log is in its subfolder `log`. */
  readonly dir: string;
  readonly partitions: number;
  /** Default: for ever, like the lifecycle. */
  readonly telemetry?: TelemetryRetention;
  /** The log's clock, ms since the epoch. */
  readonly now?: () => number;
}

interface Waiting {
  readonly records: readonly AppendRecord[];
  readonly resolve: (result: AppendResult) => void;
}

/**
 * A log in a folder, for one process. `appended` means synced to the disk: concurrent appends share a
 * transaction. Throws FolderInUse if another process has the folder open; also throws if it was created with
 * another number of partitions.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  const { partitions, telemetry = FOR_EVER, now = Date.now } = options;
  const dir = join(options.dir, 'log');
  mkdirSync(dir, { recursive: true });
  const unlock = await lockFolder(dir);
  const records = await openOrUnlock(dir, partitions, unlock);
  const appender = openAppender(dir, records, now, (entries) => {
    for (const { partition } of entries) delivery?.wake(partition);
  });
  let delivery: Delivery | null = null;
  const trimming = keepTrimmed(records, partitions, telemetry, now);

  return {
    partitions,
    append: (batch) => appender.append(batch),
    appendable: () => appender.appendable(),
    own(owner, onFatal) {
      if (delivery) throw new Error('an embedded log has one owner at a time');
      const owning = openDelivery(owner, openFeed(records), onFatal);
      delivery = owning;
      owning.own(Array.from({ length: partitions }, (_, partition) => partition));
      return Promise.resolve({
        owned: () => owning.owned(),
        lastFetchAtMs: () => performance.now(),
        restart: (partition: number) => owning.restart(partition),
        committed: () => undefined,
        async close() {
          await owning.close();
          if (delivery === owning) delivery = null;
        },
      });
    },
    bounds(topic) {
      const askedAtMs = performance.now();
      const all = Array.from({ length: partitions }, (_, partition) => records.bounds(topic, partition));
      return Promise.resolve({ kind: 'bounds', partitions: all, askedAtMs });
    },
    read: (topic, partition, from, to) => readRange(records, topic, partition, from, to),
    async close() {
      await delivery?.close();
      await appender.close();
      await trimming.stop();
      await records.close();
      await unlock();
    },
  };
}

async function openOrUnlock(
  dir: string,
  partitions: number,
  unlock: () => Promise<void>,
): Promise<RecordStore> {
  try {
    return openRecords(dir, partitions);
  } catch (error) {
    await unlock();
    throw error;
  }
}

interface Appender {
  append(records: readonly AppendRecord[]): Promise<AppendResult>;
  /**
   * After an append that could not be written, this many bytes are written and deleted: nothing else tells
   * whether there is room again.
   */
  appendable: EventLog['appendable'];
  /** Writes what is waiting, then refuses more. */
  close(): Promise<void>;
}

/** One transaction at a time; what comes in meanwhile forms the next one. */
function openAppender(
  dir: string,
  records: RecordStore,
  now: () => number,
  onAppended: (entries: readonly Entry[]) => void,
): Appender {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | null = null;
  let closed = false;
  /** Of the last write, if it failed. */
  let failedBytes: number | null = null;

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      waitingBytes = 0;
      const entries = number(records, group, now());
      const result = await attempt(dir, () => records.write(entries));
      failedBytes = result === undefined ? null : bytesOf(entries);
      if (result === undefined) onAppended(entries);
      for (const { resolve } of group) resolve(result ?? { kind: 'appended' });
    }
    writing = null;
  }

  return {
    async append(batch) {
      if (closed) return { kind: 'unavailable', detail: 'the log is closed' };
      if (batch.length === 0) return { kind: 'appended' };
      for (const { topic, partition } of batch) records.bounds(topic, partition);
      const bytes = bytesOf(batch);
      if (waitingBytes > 0 && waitingBytes + bytes > MAX_WAITING_BYTES) {
        return { kind: 'unavailable', detail: 'the disk is slower than what comes in' };
      }
      waitingBytes += bytes;
      return new Promise((resolve) => {
        waiting.push({ records: batch, resolve });
        writing ??= Promise.resolve().then(write);
      });
    },
    async appendable() {
      if (failedBytes === null) return { kind: 'appendable' };
      const bytes = Math.min(failedBytes, MAX_PROBE_BYTES);
      const failure = await attempt(dir, () => records.probe(bytes));
      if (failure === undefined) failedBytes = null;
      return failure ?? { kind: 'appendable' };
    },
    async close() {
      closed = true;
      await writing;
    },
  };
}

function bytesOf(records: readonly { readonly value: Buffer }[]): number {
  return records.reduce((sum, { value }) => sum + value.length, 0);
}

/** Undefined: it has been written. */
async function attempt(dir: string, write: () => Promise<void>): Promise<LogUnavailable | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'unavailable', detail: `log not written: ${diskTrouble(dir, message)}` };
  }
}

/**
 * Gives offsets and append times. These don't go back within a partition, unless the last one was given by a
 * clock that was wrong: it is further ahead than any event may be.
 */
function number(records: RecordStore, group: readonly Waiting[], nowMs: number): Entry[] {
  const ends = new Map<string, number>();
  return group
    .flatMap((waiting) => waiting.records)
    .map((record) => {
      const { topic, partition } = record;
      const name = `${topic}/${partition}`;
      const offset = ends.get(name) ?? records.bounds(topic, partition).end;
      ends.set(name, offset + 1);
      return {
        ...record,
        offset,
        appendTimeMs: appendTimeAfter(records.lastAppendTimeMs(topic, partition), nowMs),
      };
    });
}

function appendTimeAfter(lastMs: number, nowMs: number): number {
  return lastMs - nowMs > FUTURE_MS ? nowMs : Math.max(nowMs, lastMs);
}

function openFeed(records: RecordStore): Feed {
  const positions = new Map<number, Record<OwnedTopic, number>>();
  return {
    seek: (partition, { lifecycle, telemetry }: Positions) => {
      positions.set(partition, { lifecycle, telemetry });
    },
    take(topic, partition) {
      const position = positions.get(partition);
      if (!position) return Promise.resolve(null);
      const { start, end } = records.bounds(topic, partition);
      if (position[topic] < start || position[topic] > end) {
        if (topic === 'lifecycle') {
          const detail = `lifecycle ${partition}: position ${position[topic]} is not on the log, which has ${start} to ${end}`;
          return Promise.resolve({ kind: 'gone', detail });
        }
        position[topic] = start;
      }
      const found = records.read(topic, partition, position[topic], end, CHUNK_LIMITS);
      const last = found.at(-1);
      if (!last) return Promise.resolve(null);
      position[topic] = last.offset + 1;
      return Promise.resolve({ kind: 'chunk', records: found, next: last.offset + 1 });
    },
    release: (partition) => {
      positions.delete(partition);
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- LMDB reads are synchronous, the port's are not
async function* readRange(
  records: RecordStore,
  topic: Topic,
  partition: number,
  from: number,
  to: number,
): ReturnType<EventLog['read']> {
  for (let position = from; position < to;) {
    const { start } = records.bounds(topic, partition);
    if (position < start) {
      throw new LogReadError(`${topic} ${partition} begins at ${start}: ${position} is no longer on the log`);
    }
    const found = records.read(topic, partition, position, to, CHUNK_LIMITS);
    const last = found.at(-1);
    if (!last) return;
    position = last.offset + 1;
    yield found;
  }
}
