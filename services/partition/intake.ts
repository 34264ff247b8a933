import { decodeEvent } from '../../events/codec';
import { deadLetterKey, deadLetterOf } from '../../events/dead-letter';
import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import type { RefusalReason } from '../../events/refusal';
import { TOPIC_NAMES, partitionOf, routeOf } from '../../events/routing';
import { logTimeAt, takeLifecycle, takeSample } from '../fold/ledger';
import type { AppendRecord, LogRecord, OwnedTopic } from '../log/port';
import { showAsBefore } from './commit';
import { isBehind } from './partition';
import type { Partition } from './partition';

/** What became of one record; `forward` must be durable on the log before the position passes the record. */
export interface Intake {
  readonly outcome: 'taken' | 'misrouted' | RefusalReason;
  /** Of an event that was taken: its own `time`. */
  readonly timeMs?: number;
  readonly forward?: AppendRecord;
}

/**
 * Judges one record and folds it into its partition's ledger. A record on a partition (or topic) other than
 * its key's does not count: it is copied to the right one. What can't be taken is copied to the dead letters,
 * with the reason.
 */
export function takeRecord(
  partition: Partition,
  topic: OwnedTopic,
  record: LogRecord,
  partitions: number,
): Intake {
  const intake = judgeRecord(partition, topic, record, partitions);
  partition.positions[topic] = record.offset + 1;
  return intake;
}

function judgeRecord(partition: Partition, topic: OwnedTopic, record: LogRecord, partitions: number): Intake {
  if (record.unreadable !== undefined) {
    return refuse(topic, record, partitions, 'invalid_json', `it can't be unpacked: ${record.unreadable}`);
  }
  const decoded = decodeEvent(record.value ?? EMPTY);
  if (!decoded.ok) return refuse(topic, record, partitions, decoded.refusal.reason, decoded.refusal.detail);
  const { event } = decoded;
  const route = routeOf(event);
  const right = partitionOf(route.key, partitions);
  if (route.topic !== topic || right !== record.partition) {
    const value = record.value ?? EMPTY;
    return { outcome: 'misrouted', forward: { topic: route.topic, key: route.key, partition: right, value } };
  }
  const verdict = takeEvent(partition, event, record.appendTimeMs);
  if (verdict.kind === 'refused') return refuse(topic, record, partitions, verdict.reason, verdict.detail);
  return { outcome: 'taken', timeMs: event.timeMs };
}

const EMPTY = Buffer.alloc(0);

function takeEvent(
  partition: Partition,
  event: FleetEvent,
  appendTimeMs: number,
): ReturnType<typeof takeSample> {
  if (isTelemetry(event)) return takeSample(partition.ledger, event, appendTimeMs);
  if (isBehind(partition)) showAsBefore(partition, logTimeAt(partition.ledger, event, appendTimeMs));
  const verdict = takeLifecycle(partition.ledger, event, appendTimeMs);
  partition.lastLogTimeMs = partition.ledger.scalars.logTimeMs;
  return verdict;
}

function refuse(
  topic: OwnedTopic,
  record: LogRecord,
  partitions: number,
  reason: RefusalReason,
  detail: string,
): Intake {
  const letter = deadLetterOf({ ...record, topic: TOPIC_NAMES[topic] }, reason, detail);
  const key = deadLetterKey(letter);
  const value = Buffer.from(JSON.stringify(letter));
  return {
    outcome: reason,
    forward: { topic: 'dead-letter', key, partition: partitionOf(key, partitions), value },
  };
}
