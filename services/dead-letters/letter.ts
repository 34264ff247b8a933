import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { deadLetterKey } from '../../events/dead-letter';
import type { DeadLetter } from '../../events/dead-letter';
import { oneOf } from '../../events/fields';
import { REFUSAL_REASONS } from '../../events/refusal';
import { TOPIC_NAMES, partitionOf } from '../../events/routing';
import { formatTime, parseTime } from '../../events/time';
import type { AppendRecord, OwnedTopic } from '../log/port';

/** What the dead-letter topic holds: letters, and notes about letters whose record was sent again. */
export type Entry =
  | { readonly kind: 'letter'; readonly id: string; readonly timeMs: number; readonly letter: DeadLetter }
  | { readonly kind: 'redriven'; readonly id: string; readonly timeMs: number };

const Count = Type.Integer({ minimum: 0 });

const Letter = TypeCompiler.Compile(
  Type.Object({
    reason: oneOf(REFUSAL_REASONS),
    detail: Type.String(),
    topic: Type.String(),
    partition: Count,
    offset: Count,
    time: Type.String(),
    key: Type.Union([Type.String(), Type.Null()]),
    value: Type.Optional(Type.String()),
    value_base64: Type.Optional(Type.String()),
    bytes: Count,
  }),
);

/** `redriven` is the identity of the letter whose record was put on the log again at `time`. */
const Note = TypeCompiler.Compile(Type.Object({ redriven: Type.String(), time: Type.String() }));

/** Undefined for what no version of ours can have written. */
export function readEntry(value: Buffer | null): Entry | undefined {
  const content = parse(value);
  if (Note.Check(content)) {
    const timeMs = parseTime(content.time);
    return timeMs === null ? undefined : { kind: 'redriven', id: content.redriven, timeMs };
  }
  if (!Letter.Check(content)) return undefined;
  const timeMs = parseTime(content.time);
  return timeMs === null
    ? undefined
    : { kind: 'letter', id: deadLetterKey(content), timeMs, letter: content };
}

function parse(value: Buffer | null): unknown {
  try {
    return value === null ? undefined : JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

/** The note that a letter's record was sent again; it is beside the letter, and kept as long. */
export function noteOf(id: string, timeMs: number, partitions: number): AppendRecord {
  const value = Buffer.from(JSON.stringify({ redriven: id, time: formatTime(timeMs) }));
  return { topic: 'dead-letter', key: id, partition: partitionOf(id, partitions), value };
}

/** The topic that a letter's record is on; undefined: none of ours. */
export function topicOf({ topic }: Pick<DeadLetter, 'topic'>): OwnedTopic | undefined {
  if (topic === TOPIC_NAMES.lifecycle) return 'lifecycle';
  return topic === TOPIC_NAMES.telemetry ? 'telemetry' : undefined;
}
