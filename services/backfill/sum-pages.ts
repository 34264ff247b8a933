import { toDouble } from '../catalogue/family';
import { ledgerUnits, shapeText, shapesOf } from '../catalogue/shape';
import type { Family } from '../catalogue/family';
import { formatLabels, formatValue, header } from '../page/format';
import { secondsText } from './backfill';
import type { SumLevels } from './backfill';
import { timeOf } from './steps';
import type { Day, Steps } from './steps';

/** Writes the sums of a backfill day by day. */
export interface SumPages {
  /**
   * The lines of a family on a day, each series in order of time. The days of a family must be asked for in
   * order.
   */
  linesOf(family: Family, day: Day): Generator<string>;
}

export const END = '# EOF\n';

export function familyHeader({ name, type, help }: Family): string {
  return header('openmetrics', name, type, help);
}

interface Series extends SumLevels {
  /** As of the last step that was written. */
  bearing: bigint;
  readonly units: bigint[];
}

export function openSumPages(sums: ReadonlyMap<string, SumLevels>, steps: Steps): SumPages {
  const byFamily = new Map<string, Series[]>();
  for (const key of [...sums.keys()].sort()) {
    const sum = sums.get(key);
    if (sum === undefined) continue;
    const ofFamily = byFamily.get(sum.family.name) ?? [];
    ofFamily.push({ ...sum, bearing: 0n, units: sum.parts.map(() => 0n) });
    byFamily.set(sum.family.name, ofFamily);
  }
  return {
    *linesOf(family, day) {
      for (const series of byFamily.get(family.name) ?? []) {
        const labels = formatLabels(family.labels, series.labels);
        for (let step = day.from; step < day.to; step++) {
          series.bearing += series.bearers.growthAt(step);
          series.parts.forEach(
            (part, i) => (series.units[i] = (series.units[i] ?? 0n) + part.growthAt(step)),
          );
          if (series.bearing > 0n)
            yield samplesOf(family, labels, series.units, secondsText(timeOf(steps, step)));
        }
      }
    },
  };
}

/** The samples of the series of one set of labels at one moment. */
function samplesOf(family: Family, labels: string, parts: readonly bigint[], seconds: string): string {
  const units = ledgerUnits(family, parts);
  const lines = shapesOf(family).map((shape) => {
    const value = toDouble(units[shape.at] ?? 0n, shape.per);
    return `${shapeText(family, shape, labels)} ${formatValue(value)} ${seconds}\n`;
  });
  return lines.join('');
}
