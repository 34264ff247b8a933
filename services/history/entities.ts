import type { FleetEvent } from '../../events/event';
import type { Entity } from '../fold/entity';
import { emptyLedger } from '../fold/ledger';
import type { Ledger, LedgerSettings, Verdict } from '../fold/ledger';
import { popSettled } from '../fold/release';
import { judgeEvent, tidy } from './pageless';

/**
 * The entities of a history once all of it has been judged: each is passed on once, settled ones as they
 * settle, so that a long history needs memory only for what is alive at a time. Entities that were given up
 * are left out.
 */
export interface EntityFold {
  /**
   * Judges the next record of its partition.
   * @param appendTimeMs when the log appended it; null in a file
   */
  take(event: FleetEvent, partition: number, appendTimeMs: number | null): Verdict;
  /** Passes on the live ones. Returns the newest `time` of what was taken; null: nothing was. */
  finish(): number | null;
}

/** How many records are judged between two rounds of tidying; no figure depends on it. */
const TIDY_EVERY = 10_000;

/**
 * @param fromMs no figure is asked for as of an earlier moment, so facts before it may be merged. -Infinity:
 * keep them all
 * @param visit called with earlier lives of an id first
 */
export function openEntities(
  settings: LedgerSettings,
  partitions: number,
  fromMs: number,
  visit: (entity: Entity) => void,
): EntityFold {
  const ledgers = Array.from({ length: partitions }, () => emptyLedger(settings));
  let count = 0;

  function take(event: FleetEvent, partition: number, appendTimeMs: number | null): Verdict {
    const ledger = ledgers[partition];
    if (ledger === undefined) throw new Error(`no partition ${String(partition)}`);
    const verdict = judgeEvent(ledger, event, appendTimeMs);
    if (ledger.settled.size > 0) popSettled(ledger).forEach(visit);
    if (++count % TIDY_EVERY === 0) for (const one of ledgers) tidy(one, fromMs);
    return verdict;
  }

  return {
    take,
    finish() {
      for (const { entities } of ledgers) for (const entity of entities.values()) visit(entity);
      return newestTaken(ledgers);
    },
  };
}

function newestTaken(ledgers: readonly Ledger[]): number | null {
  const times = ledgers.flatMap(({ scalars }) => scalars.newestTakenMs ?? []);
  return times.length === 0 ? null : Math.max(...times);
}
