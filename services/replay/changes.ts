import { toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/figures';
import { SUM_FAMILIES } from '../catalogue/index';
import { formatLabels } from '../page/format';
import type { PartitionView } from '../page/partition';
import { countersOf, shownOf, sumUnits } from './counters';

/** What a switch does to one counter of the page, in its family's unit. */
export interface SeriesChange {
  /** As it stands on the page. */
  readonly series: string;
  readonly shown: number;
  readonly before: number;
  readonly after: number;
}

interface Line {
  readonly suffix: string;
  readonly le?: string;
  readonly per: number;
}

/** The counters whose ledger is another one in the new generation, summed over the partitions; the largest changes first. */
export function changesOf(
  before: readonly PartitionView[],
  after: readonly PartitionView[],
): readonly SeriesChange[] {
  const [old, rebuilt] = [before.map(countersOf), after.map(countersOf)];
  const shown = before.map(shownOf);
  const changes: SeriesChange[] = [];
  for (const key of new Set([...old, ...rebuilt].flatMap((counters) => [...counters.keys()]))) {
    const one = [...old, ...rebuilt].find((counters) => counters.has(key))?.get(key);
    if (one === undefined) continue;
    const units = {
      before: sumUnits(old.map((counters) => counters.get(key)?.ledger ?? [])),
      after: sumUnits(rebuilt.map((counters) => counters.get(key)?.ledger ?? [])),
      shown: sumUnits(shown.map((series) => series.get(key)?.shown ?? [])),
    };
    linesOf(one.family).forEach(({ suffix, le, per }, i) => {
      if (units.before[i] === units.after[i]) return;
      const labels = formatLabels(one.family.labels, one.labels);
      const series = `${one.family.name}${suffix}{${labels}${le === undefined ? '' : `,le="${le}"`}}`;
      const value = (parts: readonly bigint[]): number => toDouble(parts[i] ?? 0n, per);
      changes.push({
        series,
        shown: value(units.shown),
        before: value(units.before),
        after: value(units.after),
      });
    });
  }
  return changes.sort((a, b) => sizeOf(b) - sizeOf(a) || (a.series < b.series ? -1 : 1));
}

function sizeOf({ before, after }: SeriesChange): number {
  return Math.abs(after - before);
}

/** What a series' units are on the page. */
function linesOf({ name, per }: Family): readonly Line[] {
  const bounds = SUM_FAMILIES.get(name)?.bounds;
  if (bounds === undefined) return [{ suffix: '', per }];
  return [
    ...bounds.map((bound) => ({ suffix: '_bucket', le: `${String(bound)}.0`, per: 1 })),
    { suffix: '_count', per: 1 },
    { suffix: '_sum', per },
  ];
}
