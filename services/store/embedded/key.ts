import { createHash } from 'node:crypto';

/** LMDB's own limit is 1,978 bytes. */
const LONGEST_KEY_BYTES = 1_900;
/** No UTF-8 text has this byte, so no name is mistaken for a short key. */
const NAME = 0xff;

/**
 * An entry as stored in LMDB: its key is the partition (2 bytes) and the key's UTF-8. A key that is too long
 * for LMDB is replaced by its hash, and the value is then JSON [key, value].
 */
export interface StoredEntry {
  readonly key: Buffer;
  readonly value: string;
}

/** Where a partition's entries begin; they end where the next one's begin. */
export function partitionKey(partition: number): Buffer {
  const stored = Buffer.alloc(2);
  stored.writeUInt16BE(partition);
  return stored;
}

export function entryKey(partition: number, key: string): Buffer {
  const bytes = Buffer.from(key);
  const end = bytes.length > LONGEST_KEY_BYTES ? hashName(bytes) : bytes;
  return Buffer.concat([partitionKey(partition), end]);
}

export function storedEntry(partition: number, key: string, value: string): StoredEntry {
  const stored = entryKey(partition, key);
  return { key: stored, value: isName(stored) ? JSON.stringify([key, value]) : value };
}

export function readEntry({ key, value }: StoredEntry): { key: string; value: string } {
  if (!isName(key)) return { key: key.toString('utf8', 2), value };
  const pair: unknown = JSON.parse(value);
  if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string') {
    return { key: pair[0], value: pair[1] };
  }
  throw new Error('corrupted store: a long key without its text');
}

function isName(stored: Buffer): boolean {
  return stored[2] === NAME;
}

function hashName(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(NAME), createHash('sha256').update(bytes).digest()]);
}
