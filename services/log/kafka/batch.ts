import type { LogRecord } from '../port';
import { CODEC_MASK, unpack } from './codec';

/**
 * Record batches as brokers store and send them (https://kafka.apache.org/documentation/#recordbatch), read
 * by ourselves: kafkajs 2.2.4 fails the whole fetch, of all partitions, for good, because of one batch that
 * decompresses to too much, is broken, or has more records than a JavaScript call takes arguments; it never
 * gets past a batch whose records were all compacted away; and it doesn't tell the offsets of a batch that it
 * could not read.
 */
export interface Batch {
  readonly baseOffset: number;
  /** The first offset after it, whether or not there are still records at its end. */
  readonly nextOffset: number;
  readonly maxTimestampMs: number;
  readonly firstTimestampMs: number;
  /**
   * false: the producer's time stands in for the append time (`message.timestamp.type` of the topic is not
   * LogAppendTime).
   */
  readonly isAppendTime: boolean;
  readonly isTransactional: boolean;
  /** Holds a transaction marker instead of records. */
  readonly isControl: boolean;
  readonly producerId: bigint;
  readonly codec: number;
  readonly count: number;
  readonly records: Buffer;
}

/**
 * A batch of at most 1 MB (the topics' `max.message.bytes`) that decompresses to more than this is refused.
 */
export const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;
/** So is one with more records: each takes about 300 bytes of memory, and as few as 7 in the batch. */
export const MAX_RECORDS = 250_000;

const MAGIC = 2;
const MAGIC_AT = 16;
/** Offset and length, which the length doesn't include. */
const PREFIX_BYTES = 12;
const BATCH_HEADER_BYTES = 61;
/** A message in a format before magic 2, which only old segments of old brokers have. */
const OLD_MESSAGE_BYTES = 26;

/** The complete batches in the records of a fetch; the last can be cut short, and is then left out. */
export function* batchesOf(bytes: Buffer): Iterable<Batch> {
  for (let at = 0; at + MAGIC_AT < bytes.length;) {
    const length = PREFIX_BYTES + bytes.readInt32BE(at + 8);
    const least = bytes.readInt8(at + MAGIC_AT) === MAGIC ? BATCH_HEADER_BYTES : OLD_MESSAGE_BYTES;
    if (length < least) throw new Error(`a batch says that it has ${length} bytes`);
    if (at + length > bytes.length) return;
    yield readHeader(bytes.subarray(at, at + length));
    at += length;
  }
}

function readHeader(bytes: Buffer): Batch {
  const baseOffset = Number(bytes.readBigInt64BE(0));
  if (bytes.readInt8(MAGIC_AT) !== MAGIC) return oldFormat(baseOffset);
  const attributes = bytes.readInt16BE(21);
  return {
    baseOffset,
    nextOffset: baseOffset + bytes.readInt32BE(23) + 1,
    firstTimestampMs: Number(bytes.readBigInt64BE(27)),
    maxTimestampMs: Number(bytes.readBigInt64BE(35)),
    isAppendTime: (attributes & 0x08) !== 0,
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
    producerId: bytes.readBigInt64BE(43),
    codec: attributes & CODEC_MASK,
    count: bytes.readInt32BE(57),
    records: bytes.subarray(BATCH_HEADER_BYTES),
  };
}

/** Not read, but skipped: as a batch of one record in an unknown codec. */
function oldFormat(baseOffset: number): Batch {
  return {
    baseOffset,
    nextOffset: baseOffset + 1,
    firstTimestampMs: 0,
    maxTimestampMs: 0,
    isAppendTime: true,
    isTransactional: false,
    isControl: false,
    producerId: -1n,
    codec: CODEC_MASK,
    count: 1,
    records: Buffer.alloc(0),
  };
}

/**
 * The records of a batch from an offset on. A batch that can't be read is one record with `unreadable`, so
 * that it is refused with a reason and the log continues after it.
 */
export async function recordsOf(batch: Batch, partition: number, from: number): Promise<LogRecord[]> {
  try {
    const bytes = await unpack(batch.codec, batch.records, MAX_UNPACKED_BYTES);
    return readRecords(bytes, batch, partition, from);
  } catch (error) {
    return [
      {
        partition,
        offset: Math.max(batch.baseOffset, from),
        appendTimeMs: batch.maxTimestampMs,
        key: null,
        value: null,
        unreadable: error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

function readRecords(bytes: Buffer, batch: Batch, partition: number, from: number): LogRecord[] {
  if (batch.count > MAX_RECORDS)
    throw new Error(`a batch of ${batch.count} records, more than ${MAX_RECORDS}`);
  const records: LogRecord[] = [];
  let at = 0;
  let end = 0;

  function byte(): number {
    const value = bytes[at++];
    if (value === undefined) throw new Error('records are cut short');
    return value;
  }
  /**
   * Zigzag, as protocol buffers have it; beyond 2^53 (which no length, offset or time is) it loses precision.
   */
  function varint(): number {
    let value = byte();
    if (value > 0x7f) {
      value &= 0x7f;
      for (let scale = 0x80, more = 0x80; more > 0x7f; scale *= 0x80) {
        more = byte();
        value += (more & 0x7f) * scale;
      }
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  function slice(): Buffer | null {
    const length = varint();
    if (length < 0) return null;
    if (at + length > end) throw new Error('a record is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  }

  for (let read = 0; read < batch.count; read++) {
    const length = varint();
    end = at + length;
    if (length < 0 || end > bytes.length) throw new Error('records are cut short');
    at++; // attributes, unused
    const timestampMs = batch.firstTimestampMs + varint();
    const offset = batch.baseOffset + varint();
    if (offset < batch.baseOffset || offset >= batch.nextOffset)
      throw new Error('an offset is not of its batch');
    const key = slice();
    const value = slice();
    if (offset >= from) {
      const appendTimeMs = batch.isAppendTime ? batch.maxTimestampMs : timestampMs;
      records.push({ partition, offset, appendTimeMs, key, value });
    }
    at = end; // past the headers
  }
  return records;
}
