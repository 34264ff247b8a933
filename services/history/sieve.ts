import { MAX_EVENT_BYTES, decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { FleetEvent, LifecycleEvent, TelemetryEvent } from '../../events/event';
import type { RefusalReason } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import {
  compactTouched,
  dropSamples,
  emptyLedger,
  emptyTouched,
  takeLifecycle,
  takeSample,
  takeSettled,
} from '../fold/ledger';
import type { Ledger, LedgerSettings } from '../fold/ledger';
import type { LogRecord, OwnedTopic } from '../log/port';
import { openRecent } from './recent';
import type { Recent } from './recent';
import { oneLine, withRecordedTime } from './recorded';

/**
 * What of one partition of the live log counts: judges its records in order, as the fold does, and passes on those that were
 * taken, as lines of a file in which each event bears its log time. A file of such lines, in order of log time, gives the page that the
 * log gives, into however many partitions it is folded.
 */
export interface Sieve {
  /** The next record of the partition. */
  sift(record: LogRecord): Sifted;
}

export type Sifted = Kept | { readonly kind: 'left_out'; readonly why: LeftOut };

export interface Kept {
  readonly kind: 'kept';
  /** The event's JSON, on one line. */
  readonly line: string;
  /** Never back within a partition. */
  readonly logTimeMs: number;
}

/** `no_room`: with its log time the event would be larger than an event may be. */
export type LeftOut = RefusalReason | 'repeat' | 'misrouted' | 'no_room';

/** How many records are judged between two clearings; no verdict depends on it. */
const CLEAR_EVERY = 10_000;
/** Of samples, of which no state tells: a sender that had no answer sends the same again within seconds. */
const RECENT_SAMPLES = 50_000;

const EMPTY = Buffer.alloc(0);

export function openSieve(
  topic: OwnedTopic,
  partition: number,
  partitions: number,
  settings: LedgerSettings,
): Sieve {
  const ledger = emptyLedger(settings);
  const recent = openRecent(RECENT_SAMPLES);
  let logTimeMs = -Infinity;
  let count = 0;

  function judge(event: FleetEvent, appendTimeMs: number): LeftOut | undefined {
    const route = routeOf(event);
    if (route.topic !== topic || partitionOf(route.key, partitions) !== partition) return 'misrouted';
    if (isTelemetry(event)) {
      logTimeMs = Math.max(logTimeMs, Math.min(appendTimeMs, event.recordedTimeMs ?? appendTimeMs));
      return judgeSample(ledger, recent, event, appendTimeMs);
    }
    const why = judgeFact(ledger, event, appendTimeMs);
    logTimeMs = ledger.scalars.logTimeMs ?? logTimeMs;
    return why;
  }

  return {
    sift({ value, appendTimeMs }) {
      if (++count % CLEAR_EVERY === 0) clear(ledger);
      const bytes = value ?? EMPTY;
      const decoded = decodeEvent(bytes);
      if (!decoded.ok) return { kind: 'left_out', why: decoded.refusal.reason };
      const why = judge(decoded.event, appendTimeMs);
      if (why !== undefined) return { kind: 'left_out', why };
      const line = lineOf(bytes.toString(), logTimeMs, isTelemetry(decoded.event));
      return line === undefined ? { kind: 'left_out', why: 'no_room' } : { kind: 'kept', line, logTimeMs };
    },
  };
}

function judgeFact(ledger: Ledger, event: LifecycleEvent, appendTimeMs: number): LeftOut | undefined {
  const verdict = takeLifecycle(ledger, event, appendTimeMs);
  if (verdict.kind === 'refused') return verdict.reason;
  return verdict.kind === 'repeat' ? 'repeat' : undefined;
}

/** A sample that is older than the latest one is no repeat: as of a moment in between, it was the latest. */
function judgeSample(
  ledger: Ledger,
  recent: Recent,
  event: TelemetryEvent,
  appendTimeMs: number,
): LeftOut | undefined {
  const verdict = takeSample(ledger, event, appendTimeMs);
  dropSamples(ledger);
  if (verdict.kind === 'refused') return verdict.reason;
  const name = JSON.stringify([event.source, event.id]);
  if (recent.has(name)) return 'repeat';
  recent.add(name);
  return undefined;
}

/** Log time is nothing to a sample, so one that has no room for it does without. */
function lineOf(json: string, logTimeMs: number, isSample: boolean): string | undefined {
  const line = withRecordedTime(json, logTimeMs);
  if (Buffer.byteLength(line) <= MAX_EVENT_BYTES) return line;
  const bare = oneLine(json);
  return isSample && Buffer.byteLength(bare) <= MAX_EVENT_BYTES ? bare : undefined;
}

/** No page is made of this ledger: what is settled, and who touched what, is of no use to it. */
function clear(ledger: Ledger): void {
  compactTouched(ledger, Infinity);
  takeSettled(ledger);
  ledger.touched = emptyTouched();
}
