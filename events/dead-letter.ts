import type { RefusalReason } from './refusal';
import { formatTime } from './time';

/**
 * What is kept of a record that could not be taken. Its place on the log is its identity: a letter written
 * twice is one letter.
 */
export interface DeadLetter {
  readonly reason: RefusalReason;
  /** One line: what was wrong, what was expected. */
  readonly detail: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When the log appended the record, RFC 3339. */
  readonly time: string;
  readonly key: string | null;
  /** The first 64 kB of the record: as text if they are UTF-8, otherwise in `value_base64`. */
  readonly value?: string;
  readonly value_base64?: string;
  /** Bytes of the whole record. */
  readonly bytes: number;
}

export const DEAD_LETTER_BYTES = 64_000;

interface Refused {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export function deadLetterOf(record: Refused, reason: RefusalReason, detail: string): DeadLetter {
  const { topic, partition, offset, key } = record;
  const value = record.value ?? Buffer.alloc(0);
  return {
    ...{ reason, detail, topic, partition, offset },
    time: formatTime(record.appendTimeMs),
    key: key === null ? null : key.subarray(0, 1024).toString(),
    ...textOrBase64(value.subarray(0, DEAD_LETTER_BYTES)),
    bytes: value.length,
  };
}

/** Names the letter: the record's place on the log. */
export function deadLetterKey({ topic, partition, offset }: DeadLetter): string {
  return `${topic}/${String(partition)}/${String(offset)}`;
}

function textOrBase64(head: Buffer): Pick<DeadLetter, 'value' | 'value_base64'> {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(head) };
  } catch {
    return { value_base64: head.toString('base64') };
  }
}
