import { MAX_EVENT_BYTES, decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { LifecycleEvent } from '../../events/event';
import type { Refusal } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import { emptyLedger, logTimeAt } from '../fold/ledger';
import type { Ledger, LedgerSettings } from '../fold/ledger';
import { oneLine, withRecordedTime } from './recorded-time';
import type { AppendRecord } from '../log/port';

/** Where the lines of a file go on a log, and as which records. */
export interface Placement {
  /** Places the next line of the file, which must not be blank. */
  place(line: Buffer): Placed;
}

export type Placed =
  | { readonly kind: 'placed'; readonly record: AppendRecord; readonly logTimeMs: number | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * An event keeps its `recordedtime`. Without one it gets the log time that it has in a file: the newest
 * `time` of its partition so far. So the live log judges it the way `render` judges the file, however long
 * ago it happened.
 */
export function openPlacement(partitions: number, settings: LedgerSettings): Placement {
  const ledgers = Array.from({ length: partitions }, () => emptyLedger(settings));
  return {
    place(line) {
      const decoded = decodeEvent(line);
      if (!decoded.ok) return { kind: 'refused', refusal: decoded.refusal };
      const { event } = decoded;
      const { topic, key } = routeOf(event);
      const partition = partitionOf(key, partitions);
      const json = oneLine(line.toString());
      const place = { topic, key, partition };
      if (isTelemetry(event)) return placed({ ...place, value: Buffer.from(json) }, null);
      const ledger = ledgers[partition];
      if (ledger === undefined) throw new Error('a partition number is out of range');
      const logTimeMs = advance(ledger, event);
      const text = event.recordedTimeMs === undefined ? withRecordedTime(json, logTimeMs) : json;
      return placed({ ...place, value: Buffer.from(text) }, logTimeMs);
    },
  };
}

function placed(record: AppendRecord, logTimeMs: number | null): Placed {
  if (record.value.length <= MAX_EVENT_BYTES) return { kind: 'placed', record, logTimeMs };
  const detail = `event: ${String(record.value.length)} bytes with its log time, expected at most ${String(MAX_EVENT_BYTES)}`;
  return { kind: 'refused', refusal: { reason: 'too_large', detail } };
}

/** The partition's log time with this record, as in a file. */
function advance(ledger: Ledger, event: LifecycleEvent): number {
  const { scalars } = ledger;
  const logTimeMs = logTimeAt(ledger, event, null);
  scalars.logTimeMs = logTimeMs;
  scalars.newestValidMs = Math.max(scalars.newestValidMs ?? event.timeMs, event.timeMs);
  return logTimeMs;
}
