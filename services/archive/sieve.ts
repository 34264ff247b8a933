import { MAX_EVENT_BYTES, decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { FleetEvent, TelemetryEvent } from '../../events/event';
import type { RefusalReason } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import { emptyLedger } from '../fold/ledger';
import type { LedgerSettings } from '../fold/ledger';
import { popSettled } from '../fold/release';
import { judgeEvent, tidy } from '../history/pageless';
import type { LogRecord, OwnedTopic } from '../log/port';
import { openRecent } from './recent-names';
import type { Recent } from './recent-names';
import { oneLine, withRecordedTime } from './recorded-time';

/**
 * Passes on what counts of one partition of the live log: judges its records in order, as the fold does, and
 * turns those taken into lines of a file in which each event carries its log time. Such lines, in order of
 * log time, give the same page as the log, however many partitions they are folded into.
 */
export interface Sieve {
  /** The next record of the partition. */
  sift(record: LogRecord): Sifted;
}

export type Sifted = Passed | { readonly kind: 'left_out'; readonly why: LeftOut };

export interface Passed {
  readonly kind: 'passed';
  /** The event's JSON, on one line. */
  readonly line: string;
  /** Never goes back within a partition. */
  readonly logTimeMs: number;
}

/** `no_room`: with its log time the event would be larger than an event may be. */
export type LeftOut = RefusalReason | 'repeat' | 'misrouted' | 'no_room';

/** How many records are judged between two rounds of tidying; no verdict depends on it. */
const TIDY_EVERY = 10_000;
/**
 * For samples, since no state remembers them: a sender without an answer sends the same again within seconds.
 */
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
    }
    const verdict = judgeEvent(ledger, event, appendTimeMs);
    if (isTelemetry(event)) return verdict.kind === 'refused' ? verdict.reason : sampleRepeat(recent, event);
    logTimeMs = ledger.scalars.logTimeMs ?? logTimeMs;
    if (verdict.kind === 'refused') return verdict.reason;
    return verdict.kind === 'repeat' ? 'repeat' : undefined;
  }

  return {
    sift({ value, appendTimeMs }) {
      if (++count % TIDY_EVERY === 0) {
        popSettled(ledger);
        tidy(ledger, Infinity);
      }
      const bytes = value ?? EMPTY;
      const decoded = decodeEvent(bytes);
      if (!decoded.ok) return { kind: 'left_out', why: decoded.refusal.reason };
      const why = judge(decoded.event, appendTimeMs);
      if (why !== undefined) return { kind: 'left_out', why };
      const line = lineOf(bytes.toString(), logTimeMs, isTelemetry(decoded.event));
      return line === undefined ? { kind: 'left_out', why: 'no_room' } : { kind: 'passed', line, logTimeMs };
    },
  };
}

/** A sample older than the latest one is not a repeat: as of a moment in between, it was the latest. */
function sampleRepeat(recent: Recent, { source, id }: TelemetryEvent): 'repeat' | undefined {
  const name = JSON.stringify([source, id]);
  if (recent.has(name)) return 'repeat';
  recent.add(name);
  return undefined;
}

/** Log time means nothing to a sample, so if there is no room for it, it is left out. */
function lineOf(json: string, logTimeMs: number, isSample: boolean): string | undefined {
  const line = withRecordedTime(json, logTimeMs);
  if (Buffer.byteLength(line) <= MAX_EVENT_BYTES) return line;
  const bare = oneLine(json);
  return isSample && Buffer.byteLength(bare) <= MAX_EVENT_BYTES ? bare : undefined;
}
