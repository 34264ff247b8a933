/**
 * EventLog: the append-only truth.
 *
 * Three topics; `lifecycle` and `telemetry` have the same partition count, and partition N of both always has
 * one owner. Offsets rise within a partition and may have gaps (control records, compaction): never test for
 * `last + 1`.
 *
 * Glossary
 * - offset: the place of a record in its partition; a *position* is the next offset to read
 * - append time: the log's own clock when the record was appended (Kafka: LogAppendTime), ms since the epoch
 * - owner: the process that folds a partition now; ownership can come and go at any time, so it is a hint,
 *   never a fence: the store's epoch is the fence
 */
export type Topic = 'lifecycle' | 'telemetry' | 'dead-letter';
/** The topics that partitions are owned of. */
export type OwnedTopic = 'lifecycle' | 'telemetry';

export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  /** UTF-8 bytes; null if the producer gave none. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /**
   * Why `value` could not be read, if the log's bytes can't be decompressed (beyond bounds, broken): `value`
   * is then null, and this one record stands for all that were compressed together.
   */
  readonly unreadable?: string;
}

export interface AppendRecord {
  readonly topic: Topic;
  readonly key: string;
  /** Where the record goes: by the caller's murmur2 of the key, so that every adapter agrees. */
  readonly partition: number;
  readonly value: Buffer;
}

export type AppendResult =
  | { readonly kind: 'appended' }
  /** The log did not take all of them in time. Some may still be on it; the caller may send them again. */
  | { readonly kind: 'unavailable'; readonly detail: string };

/** Start (first offset still kept) and end (next offset to be written) of a partition. */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

export interface LogUnavailable {
  readonly kind: 'unavailable';
  readonly detail: string;
}

export interface BoundsAnswer {
  readonly kind: 'bounds';
  /** By partition number. */
  readonly partitions: readonly Bounds[];
  /**
   * When the question was asked, on this process's monotonic clock (`performance.now()`), ms: everything
   * committed to the log before then is below `end`.
   */
  readonly askedAtMs: number;
}

/** Next offsets to read of a partition, both topics. */
export interface Positions {
  readonly lifecycle: number;
  readonly telemetry: number;
}

/** What an owner of partitions does; the log calls it, one call at a time for each partition number. */
export interface PartitionOwner {
  /**
   * Ownership of a partition begins. Returns where to read from, or null if it can't take it now (the log
   * asks again, with back-off). No record of the partition is delivered before it resolves.
   */
  begin(partition: number): Promise<Positions | null>;
  /**
   * Records of one topic and partition in order of offset, from the position on; `next` is the position after
   * them. Returns how many of them were taken; the rest, and everything after it, is delivered again later
   * (at least 100 ms later if none was taken). `next` can be past the last record's offset + 1 (control
   * records, compaction), and moves without any record if the log ends with such offsets: then `records` is
   * empty, and an owner that ignored `next` would never reach the log's end. 'lost' means that this process
   * must not continue with its state of the partition: the log calls begin() again, with back-off, if the
   * process still owns it.
   */
  records(
    topic: OwnedTopic,
    partition: number,
    records: readonly LogRecord[],
    next: number,
  ): Promise<number | 'lost'>;
  /**
   * The lifecycle position that begin() returned is not on the log: the history before it is gone, or it is
   * another log. Nothing is delivered; the log asks begin() again, with back-off. (A telemetry position that
   * is not on the log is all right: delivery continues at the log's start.)
   */
  diverged?(partition: number, detail: string): void;
  /** Ownership has ended: forget the partition's state. No more calls for it until begin(). */
  end(partition: number): Promise<void>;
}

export interface Ownership {
  /** Partitions owned now, ascending. */
  owned(): readonly number[];
  /**
   * When a fetch last came back without an error, on `performance.now()`'s clock; readiness is based on it.
   */
  lastFetchAtMs(): number;
  /**
   * Starts over at begin() for this partition: the owner has found, outside of records(), that its state is
   * stale.
   */
  restart(partition: number): void;
  /**
   * Tells the log how far the owner has committed, for operators' lag dashboards; never read back as the
   * truth.
   */
  committed(partition: number, positions: Positions): void;
  /** Waits for the calls in flight, and gives up the partitions. */
  close(): Promise<void>;
}

export interface EventLog {
  /** Partitions of the owned topics. */
  readonly partitions: number;
  /**
   * Acknowledged means durable: resolves `appended` when all records would survive a crash of this process.
   */
  append(records: readonly AppendRecord[]): Promise<AppendResult>;
  /** Whether an append would be taken now, as far as can be told without one. Readiness is based on it. */
  appendable(): Promise<{ readonly kind: 'appendable' } | LogUnavailable>;
  /**
   * Joins the owners of the partitions and starts delivery. `onFatal`: delivery has ended for good (process
   * must exit non-zero).
   */
  own(owner: PartitionOwner, onFatal: (error: Error) => void): Promise<Ownership>;
  bounds(topic: Topic): Promise<BoundsAnswer | LogUnavailable>;
  /**
   * Reads a partition outside of ownership (replay, verify, export): all records with from <= offset < to, in
   * chunks. Throws LogReadError if the log is away or starts after `from`.
   */
  read(topic: Topic, partition: number, from: number, to: number): AsyncIterable<readonly LogRecord[]>;
  close(): Promise<void>;
}

export class LogReadError extends Error {}
