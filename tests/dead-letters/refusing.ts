/** Folds a log as an owner of its partitions does, and writes what it refuses to the dead letters. */
import { decodeEvent } from '../../events/codec';
import { deadLetterKey, deadLetterOf } from '../../events/dead-letter';
import { isTelemetry } from '../../events/event';
import { partitionOf, routeOf, TOPIC_NAMES } from '../../events/routing';
import { emptyLedger, takeLifecycle, takeSample, type Ledger } from '../../services/fold/ledger';
import { type MemoryLog } from '../archive/memory-log';
import { DEFAULT_SETTINGS } from '../support/history';

/** From the beginning, all of it; letters that are there already are written again. Returns the ledgers. */
export async function foldAndRefuse(log: MemoryLog): Promise<readonly Ledger[]> {
  const ledgers = Array.from({ length: log.partitions }, () =>
    emptyLedger({ ...DEFAULT_SETTINGS, asOfMs: null }),
  );
  for (const [partition, ledger] of ledgers.entries()) {
    for (const topic of ['lifecycle', 'telemetry'] as const) {
      for (const record of log.records(topic, partition)) {
        const decoded = decodeEvent(record.value ?? Buffer.alloc(0));
        if (!decoded.ok) {
          const { reason, detail } = decoded.refusal;
          await write(log, deadLetterOf({ ...record, topic: TOPIC_NAMES[topic] }, reason, detail));
          continue;
        }
        const { event } = decoded;
        if (partitionOf(routeOf(event).key, log.partitions) !== partition) throw new Error('misrouted');
        const verdict = isTelemetry(event)
          ? takeSample(ledger, event, record.appendTimeMs)
          : takeLifecycle(ledger, event, record.appendTimeMs);
        if (verdict.kind !== 'refused') continue;
        await write(
          log,
          deadLetterOf({ ...record, topic: TOPIC_NAMES[topic] }, verdict.reason, verdict.detail),
        );
      }
    }
  }
  return ledgers;
}

async function write(log: MemoryLog, letter: ReturnType<typeof deadLetterOf>): Promise<void> {
  const key = deadLetterKey(letter);
  const value = Buffer.from(JSON.stringify(letter));
  await log.append([{ topic: 'dead-letter', key, partition: partitionOf(key, log.partitions), value }]);
}
