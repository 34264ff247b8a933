import { CHUNK_BYTES, CHUNK_RECORDS } from '../delivery';
import type { Chunk } from '../delivery';
import type { LogRecord } from '../port';
import { batchesOf, recordsOf } from './batch';
import type { Batch } from './batch';
import type { AbortedTransaction } from './fetch';

/**
 * How far one partition of one topic has been fetched, and what is waiting to be delivered. Batches are kept
 * compressed, as they came, and decompressed one by one as they are taken, so that a cursor's memory is what
 * was fetched plus one decompressed batch.
 */
export interface Cursor {
  readonly topic: string;
  readonly partition: number;
  /** The offset to fetch next. */
  fetchFrom(): number;
  /** Bytes of fetched batches that have not been decompressed yet. */
  bytes(): number;
  /** Adds the result of a fetch from `fetchFrom()`. */
  add(records: Buffer, aborted: readonly AbortedTransaction[]): void;
  /** null if nothing has been fetched yet. */
  take(): Promise<Chunk | null>;
}

export function openCursor(topic: string, partition: number, position: number): Cursor {
  const batches: Batch[] = [];
  let batchBytes = 0;
  let fetchFrom = position;
  /** Decompressed and not yet taken; `next` is the position after them. */
  let ready: LogRecord[] = [];
  let readyBytes = 0;
  let next = position;
  let takenTo = position;

  async function unpackNext(): Promise<void> {
    const batch = batches.shift();
    if (!batch) return;
    batchBytes -= batch.records.length;
    const records = await recordsOf(batch, partition, position);
    ready = ready.length === 0 ? records : ready.concat(records);
    for (const record of records) readyBytes += sizeOf(record);
    next = batch.nextOffset;
  }

  function cut(): Chunk {
    let count = 0;
    let bytes = 0;
    for (const record of ready) {
      if (count === CHUNK_RECORDS || (count > 0 && bytes + sizeOf(record) > CHUNK_BYTES)) break;
      count++;
      bytes += sizeOf(record);
    }
    const records = ready.slice(0, count);
    ready = ready.slice(count);
    readyBytes -= bytes;
    const last = records.at(-1);
    takenTo = ready.length > 0 && last ? last.offset + 1 : next;
    return { kind: 'chunk', records, next: takenTo };
  }

  return {
    topic,
    partition,
    fetchFrom: () => fetchFrom,
    bytes: () => batchBytes,
    add(bytes, aborted) {
      for (const batch of readable(batchesOf(bytes), aborted)) {
        batches.push(batch);
        batchBytes += batch.records.length;
        fetchFrom = batch.nextOffset;
      }
    },
    async take() {
      while (ready.length < CHUNK_RECORDS && readyBytes < CHUNK_BYTES && batches.length > 0)
        await unpackNext();
      return ready.length > 0 || next > takenTo ? cut() : null;
    },
  };
}

function sizeOf({ key, value }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}

/**
 * The batches of a fetch, without the records that no reader may see: transaction markers, and what aborted
 * transactions wrote. (As the Java client does it: an abort marker ends what its producer's `firstOffset`
 * began.)
 */
export function* readable(batches: Iterable<Batch>, aborted: readonly AbortedTransaction[]): Iterable<Batch> {
  const upcoming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<bigint>();
  for (const batch of batches) {
    for (let first = upcoming[0]; first && first.firstOffset < batch.nextOffset; first = upcoming[0]) {
      aborting.add(first.producerId);
      upcoming.shift();
    }
    const isAborted = batch.isTransactional && aborting.has(batch.producerId);
    if (batch.isControl) aborting.delete(batch.producerId);
    yield batch.isControl || isAborted ? emptied(batch) : batch;
  }
}

function emptied(batch: Batch): Batch {
  return { ...batch, codec: 0, count: 0, records: Buffer.alloc(0) };
}
