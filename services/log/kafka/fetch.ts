/** The Fetch request and response, version 11 (https://kafka.apache.org/protocol#The_Messages_Fetch). */
export interface FetchRequest {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly partitions: readonly FetchPartition[];
}

export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** https://kafka.apache.org/protocol#protocol_error_codes; 0 is none. */
  readonly errorCode: number;
  /** End of what is committed, without open transactions. */
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches; the first may begin before the offset that was asked for. */
  readonly records: Buffer;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export const OFFSET_OUT_OF_RANGE = 1;

/** What a broker answered instead of records. */
export class FetchError extends Error {
  constructor(where: string, code: number) {
    super(
      `${where}: fetch answered with error ${code} (https://kafka.apache.org/protocol#protocol_error_codes)`,
    );
  }
}

const CONSUMER = -1;
const READ_COMMITTED = 1;
const NO_SESSION = { id: 0, epoch: -1 };
const UNKNOWN = -1;

export function encodeFetch({ maxWaitMs, maxBytes, partitions }: FetchRequest): Buffer {
  const runs = runsOfTopics(partitions);
  const parts = [
    int32(CONSUMER),
    int32(maxWaitMs),
    int32(1), // at least so many bytes, or wait
    int32(maxBytes),
    Buffer.from([READ_COMMITTED]),
    int32(NO_SESSION.id),
    int32(NO_SESSION.epoch),
    int32(runs.length),
  ];
  for (const { topic, list } of runs) {
    parts.push(string(topic), int32(list.length));
    for (const { partition, offset, maxBytes: most } of list) {
      parts.push(int32(partition), int32(UNKNOWN), int64(offset), int64(UNKNOWN), int32(most));
    }
  }
  parts.push(int32(0), string('')); // no forgotten topics, no rack
  return Buffer.concat(parts);
}

/** The order is kept, since the broker answers in it, so a topic may be named more than once. */
function runsOfTopics(partitions: readonly FetchPartition[]): { topic: string; list: FetchPartition[] }[] {
  const runs: { topic: string; list: FetchPartition[] }[] = [];
  for (const partition of partitions) {
    const last = runs.at(-1);
    if (last?.topic === partition.topic) last.list.push(partition);
    else runs.push({ topic: partition.topic, list: [partition] });
  }
  return runs;
}

export function decodeFetch(bytes: Buffer): FetchedPartition[] {
  let at = 0;
  const int16At = () => bytes.readInt16BE((at += 2) - 2);
  const int32At = () => bytes.readInt32BE((at += 4) - 4);
  const int64At = () => bytes.readBigInt64BE((at += 8) - 8);
  const bytesAt = (length: number) => bytes.subarray(at, (at += Math.max(length, 0)));
  const list = <T>(read: () => T): T[] => Array.from({ length: Math.max(int32At(), 0) }, read);

  at += 4; // throttle time
  const errorCode = int16At();
  if (errorCode !== 0) throw new FetchError('session', errorCode);
  at += 4; // session
  return list(() => {
    const topic = bytesAt(int16At()).toString();
    return list(() => {
      const partition = int32At();
      const partitionErrorCode = int16At();
      at += 8; // high watermark
      const lastStableOffset = Number(int64At());
      at += 8; // log start
      const aborted = list(() => ({ producerId: int64At(), firstOffset: Number(int64At()) }));
      at += 4; // preferred read replica
      const records = bytesAt(int32At());
      return { topic, partition, errorCode: partitionErrorCode, lastStableOffset, aborted, records };
    });
  }).flat();
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.allocUnsafe(2);
  length.writeInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
