import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import type { RefusalReason } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import { drain, emptyLedger, takeLifecycle, takeSample } from '../fold/ledger';
import type { Ledger, LedgerSettings } from '../fold/ledger';
import { compactTouched } from '../fold/release';
import type { PartitionView } from '../view/view';
import { absorb, openView, syncAll } from '../view/sync';

/** A history in a file, folded without a log or a store: `render` prints its page. */
export interface HistoryFold {
  /** Judges one line, and takes it or returns why not; blank lines are skipped. */
  take(line: Buffer): HistoryRefusal | undefined;
  /** The partitions' state as of the moment asked for, or else as of the newest event taken. */
  finish(): { readonly atMs: number; readonly views: readonly PartitionView[] };
}

export interface HistoryRefusal {
  readonly reason: RefusalReason;
  readonly detail: string;
}

interface Part {
  readonly ledger: Ledger;
  readonly view: PartitionView;
}

/**
 * How many records are folded between two rounds of settling: it bounds memory, and no figure depends on it.
 */
const SETTLE_EVERY = 10_000;

export function openHistory(settings: LedgerSettings, partitions: number): HistoryFold {
  const parts: Part[] = Array.from({ length: partitions }, () => {
    const ledger = emptyLedger(settings);
    return { ledger, view: openView(ledger) };
  });
  let count = 0;
  return {
    take(line) {
      if (isBlank(line)) return undefined;
      const decoded = decodeEvent(line);
      if (!decoded.ok) return decoded.refusal;
      const refusal = takeEvent(parts, decoded.event);
      if (++count % SETTLE_EVERY === 0) settleParts(parts, settings.asOfMs);
      return refusal;
    },
    finish() {
      const atMs = settings.asOfMs ?? newestTaken(parts) ?? 0;
      for (const { ledger, view } of parts) syncAll(view, ledger);
      return { atMs, views: parts.map(({ view }) => view) };
    },
  };
}

const OPENING_BRACE = 0x7b;

export function isBlank(line: Buffer): boolean {
  return line[0] !== OPENING_BRACE && line.toString('latin1').trim() === '';
}

function takeEvent(parts: readonly Part[], event: FleetEvent): HistoryRefusal | undefined {
  const part = parts[partitionOf(routeOf(event).key, parts.length)];
  if (part === undefined) throw new Error('a partition number is out of range');
  const verdict = isTelemetry(event)
    ? takeSample(part.ledger, event, null)
    : takeLifecycle(part.ledger, event, null);
  return verdict.kind === 'refused' ? verdict : undefined;
}

function newestTaken(parts: readonly Part[]): number | null {
  return parts.reduce<number | null>((newest, { ledger }) => {
    const { newestTakenMs } = ledger.scalars;
    return newestTakenMs === null ? newest : Math.max(newest ?? newestTakenMs, newestTakenMs);
  }, null);
}

/** No page is asked for before this moment: the one asked for, or that of the newest event so far. */
function settleParts(parts: readonly Part[], asOfMs: number | null): void {
  for (const { ledger, view } of parts) {
    const floorMs = asOfMs ?? ledger.scalars.newestTakenMs;
    if (floorMs === null) continue;
    if (asOfMs === null) compactTouched(ledger, floorMs);
    absorb(view, ledger, floorMs);
    drain(ledger);
  }
}
