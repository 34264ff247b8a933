import { figuresOf } from '../catalogue/figures';
import { absorbInto } from '../catalogue/tally';
import type { Entity } from '../fold/entity';
import { asOf } from '../fold/ledger';
import type { Ledger } from '../fold/ledger';
import { popAbsorbable } from '../fold/release';
import { ENTITY, SETTLED } from './entries';
import { emptyView, putEntity } from './view';
import type { PartitionView } from './view';

/**
 * A view of a ledger in this process. Ends, samples and sources are the ledger's own; entities are brought
 * over by syncView().
 */
export function openView(ledger: Ledger): PartitionView {
  return { ...emptyView(), ends: ledger.ends.byKey, samples: ledger.samples, sources: ledger.sources };
}

/** Brings the entities that have been touched since the last drain over to the view. */
export function syncView(view: PartitionView, ledger: Ledger): void {
  const { entities, settled, touched } = ledger;
  const put = (entry: string, entity: Entity | undefined): void => {
    putEntity(view, entry, entity && asOf(ledger, entity));
  };
  for (const key of touched.entities.keys()) put(ENTITY.prefix + key, entities.get(key));
  for (const number of touched.settled) put(SETTLED.prefix + number, settled.get(number));
}

/** Brings all entities over to a view that has none yet. */
export function syncAll(view: PartitionView, ledger: Ledger): void {
  for (const [key, entity] of ledger.entities) putEntity(view, ENTITY.prefix + key, asOf(ledger, entity));
  for (const [key, entity] of ledger.settled) putEntity(view, SETTLED.prefix + key, asOf(ledger, entity));
}

/**
 * Adds the settled entities whose figures are final on every page from `pageTimeMs` on to the totals, for
 * good. Returns the totals that have changed, by series key.
 */
export function absorb(
  view: PartitionView,
  ledger: Ledger,
  pageTimeMs: number,
): Map<string, readonly bigint[]> {
  const totals = new Map<string, readonly bigint[]>();
  for (const [key, whole] of popAbsorbable(ledger, pageTimeMs)) {
    const figures = figuresOf(asOf(ledger, whole));
    putEntity(view, SETTLED.prefix + key, undefined);
    if (figures === undefined) continue;
    for (const [series, total] of absorbInto(view.tally, figures, pageTimeMs)) totals.set(series, total);
  }
  return totals;
}
