import { createHash } from 'node:crypto';
import type { LogRecord } from '../log/port';
import type { RecordMark } from '../view/fold-head';

/** What a commit remembers of the last record of a batch. */
export function markOf(record: LogRecord | undefined): RecordMark | undefined {
  return record && { offset: record.offset, appendTimeMs: record.appendTimeMs, hash: hashOf(record.value) };
}

/** Whether this is the record that was folded. */
export function isMarked(record: LogRecord, mark: RecordMark): boolean {
  return record.offset === mark.offset && hashOf(record.value) === mark.hash;
}

function hashOf(value: Buffer | null): string {
  return createHash('sha256')
    .update(value ?? '')
    .digest('base64url')
    .slice(0, 22);
}
