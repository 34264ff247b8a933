import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import type { Bounds, LogRecord, Topic } from '../port';

/**
 * Records in LMDB: a database per topic, key (partition, offset), value (append time, key, value).
 *
 * Two of lmdb's defaults are off. `overlappingSync`: a commit would resolve before it is synced, and the
 * `flushed` promise beside it never settles if a commit fails. `eventTurnBatching`: if a commit fails, a
 * promise that nobody can reach is rejected too, which ends the process.
 */
export interface RecordStore {
  readonly bounds: (topic: Topic, partition: number) => Bounds;
  /** Append time of the last record; 0 if there is none. */
  readonly lastAppendTimeMs: (topic: Topic, partition: number) => number;
  /**
   * All in one transaction, durable when it resolves; rejects if nothing was written (no space left on the
   * device).
   */
  write(records: readonly Entry[]): Promise<void>;
  /** Writes this many bytes and deletes them again; rejects if they could not be written. */
  probe(bytes: number): Promise<void>;
  /** Records from an offset on, up to a number of records and bytes (but at least one, if there is any). */
  read(topic: Topic, partition: number, from: number, to: number, limits: Limits): LogRecord[];
  /** Append time of the first record; Infinity if there is none. */
  firstAppendTimeMs(topic: Topic, partition: number): number;
  /** The space that a topic takes in the file, all partitions together. */
  bytesOnDisk(topic: Topic): number;
  /**
   * Deletes older records, from the start on, within the limits; the last record stays, since it marks the
   * end. Returns how many were deleted.
   */
  trim(topic: Topic, partition: number, olderThanMs: number, limits: Limits): Promise<number>;
  close(): Promise<void>;
}

export interface Entry {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly key: string;
  readonly value: Buffer;
}

export interface Limits {
  readonly records: number;
  readonly bytes: number;
}

const TOPICS = ['lifecycle', 'telemetry', 'dead-letter'] as const;
const PARTITIONS_KEY = 'partitions';
const PROBE_KEY = 'probe';
/** Append time (float64), length of the key (uint32). */
const HEADER_BYTES = 12;

/** Anything but records: the partition count, and what a probe writes. */
type Root = RootDatabase<number | string, string>;
type Records = Database<Buffer, Buffer>;

/** Opens or creates the records in `dir`. Throws if they were created with another number of partitions. */
export function openRecords(dir: string, partitions: number): RecordStore {
  const root = open<number | string, string>({
    path: dir,
    noSubdir: false,
    encoding: 'json',
    overlappingSync: false,
    eventTurnBatching: false,
  });
  checkPartitions(root, dir, partitions);
  const topics = new Map(TOPICS.map((topic) => [topic, openTopic(root, topic, partitions)]));
  const topicOf = (topic: Topic): TopicRecords => {
    const found = topics.get(topic);
    if (!found) throw new Error(`no such topic: ${topic}`);
    return found;
  };
  const partitionOf = (topic: Topic, partition: number): PartitionRecords => {
    const { records, states } = topicOf(topic);
    const state = states[partition];
    if (!state) throw new Error(`${topic} has no partition ${partition}, only 0 to ${partitions - 1}`);
    return { records, partition, state };
  };

  return {
    bounds(topic, partition) {
      const { start, end } = partitionOf(topic, partition).state;
      return { start, end };
    },
    lastAppendTimeMs: (topic, partition) => partitionOf(topic, partition).state.lastAppendTimeMs,
    write: (entries) => write(root, entries, partitionOf),
    async probe(bytes) {
      // Two transactions: what is written and deleted in one never reaches the disk.
      await inOneTransaction(root, () => root.putSync(PROBE_KEY, 'x'.repeat(bytes)));
      await inOneTransaction(root, () => root.removeSync(PROBE_KEY));
    },
    read: (topic, partition, from, to, limits) => read(partitionOf(topic, partition), from, to, limits),
    firstAppendTimeMs: (topic, partition) => firstAppendTimeMs(partitionOf(topic, partition)),
    bytesOnDisk: (topic) => bytesOf(topicOf(topic).records.getStats()),
    trim: (topic, partition, olderThanMs, limits) =>
      trim(root, partitionOf(topic, partition), olderThanMs, limits),
    close: () => root.close(),
  };
}

async function write(
  root: Root,
  entries: readonly Entry[],
  partitionOf: (topic: Topic, partition: number) => PartitionRecords,
): Promise<void> {
  await inOneTransaction(root, () => {
    for (const entry of entries) {
      const { records, partition } = partitionOf(entry.topic, entry.partition);
      records.putSync(keyOf(partition, entry.offset), encode(entry));
    }
  });
  for (const { topic, partition, offset, appendTimeMs } of entries) {
    const { state } = partitionOf(topic, partition);
    state.end = offset + 1;
    state.lastAppendTimeMs = appendTimeMs;
  }
}

function read(
  { records, partition, state }: PartitionRecords,
  from: number,
  to: number,
  limits: Limits,
): LogRecord[] {
  const found: LogRecord[] = [];
  let bytes = 0;
  const end = Math.min(to, state.end);
  if (from >= end) return found;
  const range = records.getRange({
    start: keyOf(partition, from),
    end: keyOf(partition, end),
    limit: limits.records,
  });
  for (const { key, value } of range) {
    bytes += value.length;
    if (found.length > 0 && bytes > limits.bytes) break;
    found.push(decode(key, value));
  }
  return found;
}

function firstAppendTimeMs({ records, partition, state: { start, end } }: PartitionRecords): number {
  const range = { start: keyOf(partition, start), end: keyOf(partition, end), limit: 1 };
  for (const { value } of records.getRange(range)) return value.readDoubleBE(0);
  return Infinity;
}

async function trim(
  root: Root,
  { records, partition, state }: PartitionRecords,
  olderThanMs: number,
  limits: Limits,
): Promise<number> {
  const old: Buffer[] = [];
  const range = records.getRange({
    start: keyOf(partition, state.start),
    end: keyOf(partition, Math.max(state.start, state.end - 1)),
    limit: limits.records,
  });
  let bytes = 0;
  for (const { key, value } of range) {
    if (value.readDoubleBE(0) >= olderThanMs || bytes > limits.bytes) break;
    bytes += value.length;
    old.push(Buffer.from(key));
  }
  if (old.length === 0) return 0;
  // Readers are turned away first: a read that finds its offsets deleted would take them for a gap.
  state.start += old.length;
  await inOneTransaction(root, () => {
    for (const key of old) records.removeSync(key);
  });
  return old.length;
}

/**
 * Runs the operations in one transaction; rejects with what went wrong, for which lmdb's own error only has a
 * promise.
 */
async function inOneTransaction(root: Root, operations: () => void): Promise<void> {
  try {
    await root.transaction(operations);
  } catch (error) {
    if (error instanceof Error && 'commitError' in error) await error.commitError;
    throw error;
  }
}

interface PartitionState {
  start: number;
  end: number;
  lastAppendTimeMs: number;
}

interface TopicRecords {
  readonly records: Records;
  readonly states: readonly PartitionState[];
}

interface PartitionRecords {
  readonly records: Records;
  readonly partition: number;
  readonly state: PartitionState;
}

function checkPartitions(root: Root, dir: string, partitions: number): void {
  const created = root.get(PARTITIONS_KEY);
  if (created === undefined) root.putSync(PARTITIONS_KEY, partitions);
  else if (created !== partitions) {
    void root.close();
    throw new Error(
      `${dir} has ${created} partitions, ${partitions} were asked for: a log's count never changes. ` +
        `Set FLEETMETER_PARTITIONS=${created}, or \`fleetmeter events export\` it and \`events import\` it into an empty folder`,
    );
  }
}

function openTopic(root: Root, topic: Topic, partitions: number): TopicRecords {
  const records: Records = root.openDB({ name: topic, encoding: 'binary', keyEncoding: 'binary' });
  const states = Array.from({ length: partitions }, (_, partition) => stateOnDisk(records, partition));
  return { records, states };
}

function stateOnDisk(records: Records, partition: number): PartitionState {
  const from = keyOf(partition, 0);
  const to = keyOf(partition, Number.MAX_SAFE_INTEGER);
  const [first] = records.getKeys({ start: from, end: to, limit: 1 });
  const [last] = records.getRange({ start: to, end: from, inclusiveEnd: true, reverse: true, limit: 1 });
  if (!first || !last) return { start: 0, end: 0, lastAppendTimeMs: 0 };
  return {
    start: offsetOf(first),
    end: offsetOf(last.key) + 1,
    lastAppendTimeMs: last.value.readDoubleBE(0),
  };
}

/** lmdb has no type for its statistics. */
function bytesOf(stats: object): number {
  const numbers = new Map<string, unknown>(Object.entries(stats));
  const count = (name: string): number => {
    const value = numbers.get(name);
    if (typeof value !== 'number') throw new Error(`lmdb says nothing of ${name}`);
    return value;
  };
  const pages = count('treeBranchPageCount') + count('treeLeafPageCount') + count('overflowPages');
  return pages * count('pageSize');
}

/** Big-endian, so that bytes sort as numbers do. */
function keyOf(partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(partition, 0);
  key.writeBigUInt64BE(BigInt(offset), 4);
  return key;
}

function offsetOf(key: Buffer): number {
  return Number(key.readBigUInt64BE(4));
}

function encode({ appendTimeMs, key, value }: Entry): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + value.length);
  bytes.writeDoubleBE(appendTimeMs, 0);
  bytes.writeUInt32BE(keyBytes, 8);
  bytes.write(key, HEADER_BYTES);
  value.copy(bytes, HEADER_BYTES + keyBytes);
  return bytes;
}

function decode(key: Buffer, bytes: Buffer): LogRecord {
  const valueAt = HEADER_BYTES + bytes.readUInt32BE(8);
  return {
    partition: key.readUInt32BE(0),
    offset: offsetOf(key),
    appendTimeMs: bytes.readDoubleBE(0),
    key: bytes.subarray(HEADER_BYTES, valueAt),
    value: bytes.subarray(valueAt),
  };
}
