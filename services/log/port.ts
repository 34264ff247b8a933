/**
 * EventLog: the append-only truth.
 *
 * Three topics; `lifecycle` and `telemetry` have the same partition count, and partition N of both always has one
 * owner. Offsets rise within a partition and may have gaps (control records, compaction): never test for `last + 1`.
 *
 * Glossary
 * - offset: where a record stands in its partition; a *position* is the next offset to read
 * - append time: the log's own clock when the record was appended (Kafka: LogAppendTime), ms since the epoch
 * - owner: the process that folds a partition now; ownership can come and go at any time, so it is a hint, never a
 *   fence: the store's epoch is the fence
 */
export type Topic = 'lifecycle' | 'telemetry' | 'dead-letter';
/** The topics that partitions are owned of. */
export type OwnedTopic = 'lifecycle' | 'telemetry';

export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  /** UTF-8 bytes; null where the producer gave none. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /**
   * Why `value` could not be read, where the log has bytes there that can't be unpacked (compressed beyond bounds, broken): `value`
   * is null then, and this one record stands for all that were packed together.
   */
  readonly unreadable?: string;
}

export interface AppendRecord {
  readonly topic: Topic;
  readonly key: string;
  /** Where the record goes to: by the caller's murmur2 of the key, so that every adapter agrees. */
  readonly partition: number;
  readonly value: Buffer;
}

export type AppendResult =
  | { readonly kind: 'appended' }
  /** The log did not take all of them in time; some may be on it all the same, so the caller may send them again. */
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
  /** When the question was asked, on this process's monotonic clock (`performance.now()`), ms: all that was committed to the log before then is below `end`. */
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
   * Ownership of a partition begins. Answers where to read from, or null where it can't take it now (the log asks
   * again, with back-off). No record of the partition is delivered before it resolves.
   */
  begin(partition: number): Promise<Positions | null>;
  /**
   * Records of one topic and partition in order of offset, from the position on; `next` is the position after them. Answers how
   * many of them were taken; the rest, and all after it, is delivered again later (at least 100 ms later where none was taken).
   * `next` can lie past the last record's offset + 1 (control records, compaction), and moves without any record where such
   * offsets end the log: then `records` is empty, and an owner that ignored `next` would never reach the log's end.
   * 'lost' says that this process must not go on with what it has of the partition: the log calls begin() again,
   * with back-off, if the partition is still its own.
   */
  records(
    topic: OwnedTopic,
    partition: number,
    records: readonly LogRecord[],
    next: number,
  ): Promise<number | 'lost'>;
  /**
   * The lifecycle position that begin() answered is not on the log: history before it is gone, or the log is another
   * one. Nothing is delivered; the log asks begin() again, with back-off. (A telemetry position that is not on the
   * log is no fault: delivery goes on at the log's start.)
   */
  diverged?(partition: number, detail: string): void;
  /** Ownership has ended: forget what is held of it. No more calls for it until begin(). */
  end(partition: number): Promise<void>;
}

export interface Ownership {
  /** Partitions owned now, ascending. */
  owned(): readonly number[];
  /** When a fetch last came back without an error, on `performance.now()`'s clock; readiness stands on it. */
  lastFetchAtMs(): number;
  /** Starts over at begin() for this partition: the owner found outside of records() that its state is stale. */
  restart(partition: number): void;
  /** Tells the log how far the owner has committed, for operators' lag dashboards; never read back as the truth. */
  committed(partition: number, positions: Positions): void;
  /** Waits for the calls in flight, gives the partitions up. */
  close(): Promise<void>;
}

export interface EventLog {
  /** Partitions of the owned topics. */
  readonly partitions: number;
  /** Acknowledged means durable: resolves `appended` when all records would survive a crash of this process. */
  append(records: readonly AppendRecord[]): Promise<AppendResult>;
  /** Would an append be taken now, as far as can be told without one? Readiness stands on it. */
  appendable(): Promise<{ readonly kind: 'appendable' } | LogUnavailable>;
  /** Joins the owners of the partitions and starts delivery. `onFatal`: delivery has ended for good (process must exit non-zero). */
  own(owner: PartitionOwner, onFatal: (error: Error) => void): Promise<Ownership>;
  bounds(topic: Topic): Promise<BoundsAnswer | LogUnavailable>;
  /**
   * Reads a partition outside of ownership (replay, verify, export): all records with from <= offset < to, in chunks.
   * Throws LogReadError where the log is away or its start lies beyond `from`.
   */
  read(topic: Topic, partition: number, from: number, to: number): AsyncIterable<readonly LogRecord[]>;
  close(): Promise<void>;
}

export class LogReadError extends Error {}
