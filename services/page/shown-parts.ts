import type { Family } from '../catalogue/family';
import { projectOf } from '../catalogue/shape';
import { isShown } from '../catalogue/tally';
import type { PageContents } from './contents';
import { highest, ledgerOfSum } from '../view/hold';
import { inProject } from './selection';

/**
 * A partition's part of a series of a sum family: each part is held separately, so that their sum can't fall
 * either.
 */
export interface ShownPart {
  readonly key: string;
  readonly family: Family;
  readonly labels: readonly string[];
  readonly ledger: readonly bigint[];
  /** What the page adds up: the ledger, or what is held above it. */
  readonly shown: readonly bigint[];
}

type IsWanted = (family: Family, labels: readonly string[]) => boolean;

/** Whether a series with these labels is selected. */
export function isOfProject({ selection }: PageContents, family: Family, labels: readonly string[]): boolean {
  return inProject(selection, projectOf(family, labels));
}

/**
 * The parts of the series that the page shows: what each partition has of them, and the holds of partitions
 * that no longer have any of a series. A hold on a series that no partition has waits until one has it again;
 * until then nothing is shown above the ledger.
 */
export function* shownParts(contents: PageContents, isWanted: IsWanted): Generator<ShownPart> {
  const families = new Map<string, Family>();
  for (const view of contents.views) {
    for (const [key, series] of view.tally.series) {
      const { family, labels } = series;
      if (!isShown(series) || !isWanted(family, labels)) continue;
      families.set(key, family);
      const ledger = ledgerOfSum(series, contents.timeOf(view));
      const held = contents.isAt ? undefined : view.holds.get(key)?.shown;
      yield { key, family, labels, ledger, shown: highest(ledger, held) };
    }
  }
  if (contents.isAt) return;
  for (const { holds, tally } of contents.views) {
    for (const [key, { entity, labels, shown }] of holds) {
      const family = families.get(key);
      const series = tally.series.get(key);
      if (entity !== undefined || family === undefined || (series !== undefined && isShown(series))) continue;
      yield { key, family, labels, ledger: shown.map(() => 0n), shown };
    }
  }
}
