import { figuresOf } from '../catalogue/figures';
import { settleInto } from '../catalogue/tally';
import type { Entity } from '../fold/entity';
import { asOf, takeAbsorbable } from '../fold/ledger';
import type { Ledger, Touched } from '../fold/ledger';
import { ENTITY, SETTLED } from './entries';
import { emptyView, putEntity } from './view';
import type { PartitionView } from './view';

/** A view of a ledger in this process. Ends, samples and sources are the ledger's own; entities are brought over by syncView(). */
export function openView(ledger: Ledger): PartitionView {
  return { ...emptyView(), ends: ledger.ends.byKey, samples: ledger.samples, sources: ledger.sources };
}

/** Brings the entities that were touched since the last time over to the view. */
export function syncView(view: PartitionView, ledger: Ledger, touched: Touched): void {
  for (const key of touched.entities.keys())
    putEntity(view, ENTITY.prefix + key, shown(ledger, ledger.entities.get(key)));
  for (const key of touched.gone) putEntity(view, SETTLED.prefix + key, shown(ledger, ledger.gone.get(key)));
}

/** Brings all entities over to a view that has none yet. */
export function syncAll(view: PartitionView, ledger: Ledger): void {
  for (const [key, entity] of ledger.entities) putEntity(view, ENTITY.prefix + key, asOf(ledger, entity));
  for (const [key, entity] of ledger.gone) putEntity(view, SETTLED.prefix + key, asOf(ledger, entity));
}

/**
 * Adds the settled entities that no page from `pageTimeMs` on shows otherwise to the totals for good. Answers the totals that have
 * changed, by series key.
 */
export function absorb(
  view: PartitionView,
  ledger: Ledger,
  pageTimeMs: number,
): Map<string, readonly bigint[]> {
  const totals = new Map<string, readonly bigint[]>();
  for (const [key, whole] of takeAbsorbable(ledger, pageTimeMs)) {
    const figures = figuresOf(asOf(ledger, whole));
    putEntity(view, SETTLED.prefix + key, undefined);
    if (figures === undefined) continue;
    for (const [series, total] of settleInto(view.tally, figures, pageTimeMs)) totals.set(series, total);
  }
  return totals;
}

function shown(ledger: Ledger, entity: Entity | undefined): Entity | undefined {
  return entity && asOf(ledger, entity);
}
