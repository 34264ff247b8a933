import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import { drain, takeLifecycle, takeSample } from '../fold/ledger';
import type { Ledger, Verdict } from '../fold/ledger';
import { compactTouched, dropSamples } from '../fold/release';

/**
 * For ledgers of which no page is made: records are judged, and what only a page would need is dropped.
 * @param appendTimeMs when the log appended it; null in a file
 */
export function judgeEvent(ledger: Ledger, event: FleetEvent, appendTimeMs: number | null): Verdict {
  if (!isTelemetry(event)) return takeLifecycle(ledger, event, appendTimeMs);
  const verdict = takeSample(ledger, event, appendTimeMs);
  dropSamples(ledger);
  return verdict;
}

/** Bounds the memory that the ledger takes; no verdict depends on it. Facts before `fromMs` may be merged. */
export function tidy(ledger: Ledger, fromMs: number): void {
  compactTouched(ledger, fromMs);
  drain(ledger);
}
