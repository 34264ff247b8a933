import { popAllDue } from './due';
import { absorbableMs, compactEntity } from './entity';
import type { Entity } from './entity';
import type { Ledger } from './ledger';
import { expiryMs } from './sample';

/**
 * What a ledger lets go of once no page from a moment on can show it otherwise: by page time, where settling
 * and giving up go by log time.
 */

/**
 * Removes the settled entities whose figures are final on every page from `pageTimeMs` on: their finish is
 * past, and so is every sample that could still be theirs.
 */
export function popAbsorbable(ledger: Ledger, pageTimeMs: number): [string, Entity][] {
  const { settled, settledDues, touched } = ledger;
  const absorbable = popAllDue(settled, settledDues, pageTimeMs, (entity) =>
    absorbableMs(entity, ledger.settings.sampleTtlMs),
  );
  for (const [number] of absorbable) touched.settled.add(number);
  return absorbable;
}

/** Removes all that have settled, if no page is made of them. */
export function popSettled({ settled, settledDues }: Ledger): Entity[] {
  const all = [...settled.values()];
  settled.clear();
  settledDues.dues.length = 0;
  return all;
}

/** Drops samples that no page from `pageTimeMs` on shows. */
export function expireSamples(ledger: Ledger, pageTimeMs: number): void {
  const { samples, sampleDues, touched } = ledger;
  for (const [key] of popAllDue(samples, sampleDues, pageTimeMs, (sample) =>
    expiryMs(sample, ledger.settings.sampleTtlMs),
  ))
    touched.samples.add(key);
}

/** Drops all samples, if no page is made of them. */
export function dropSamples({ samples, sampleDues }: Ledger): void {
  samples.clear();
  sampleDues.dues.length = 0;
}

/**
 * Folds the old facts of the entities touched since the last drain into their prefixes; no page from
 * pageTimeMs on shows a difference.
 */
export function compactTouched(ledger: Ledger, pageTimeMs: number): void {
  for (const key of ledger.touched.entities.keys()) {
    const entity = ledger.entities.get(key);
    if (entity === undefined) continue;
    const cutMs = Math.min(entity.newestMs - ledger.settings.latenessMs, pageTimeMs);
    const compacted = compactEntity(entity, cutMs);
    if (compacted !== entity) ledger.entities.set(key, compacted);
  }
}
