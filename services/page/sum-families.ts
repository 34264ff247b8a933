import { toDouble } from '../catalogue/family';
import { SUM_FAMILIES } from '../catalogue/families';
import type { Family } from '../catalogue/family';
import { shapeText, shapesOf } from '../catalogue/shape';
import { piecesOf } from './block';
import type { Block } from './block';
import type { PageContents } from './contents';
import { formatLabels, formatValue } from './format';
import { inFirstShard } from './selection';
import { isOfProject, shownParts } from './shown-parts';

interface PagedSum {
  readonly labels: readonly string[];
  units: readonly bigint[];
}

export function* sumBlocks(contents: PageContents): Generator<Block> {
  const byFamily = sumSeries(contents);
  for (const family of SUM_FAMILIES.values()) {
    const series = byFamily.get(family.name);
    if (series === undefined) continue;
    const inOrder = [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
    yield {
      ...family,
      pieces: piecesOf(sumLines(family, inOrder)),
    };
  }
}

/** Adds up what the partitions show of each series, by family and key. */
function sumSeries(contents: PageContents): Map<string, Map<string, PagedSum>> {
  const byFamily = new Map<string, Map<string, PagedSum>>();
  if (!inFirstShard(contents.selection)) return byFamily;
  const isWanted = (family: Family, labels: readonly string[]): boolean =>
    isOfProject(contents, family, labels);
  for (const { key, family, labels, shown } of shownParts(contents, isWanted)) {
    const ofFamily = byFamily.get(family.name) ?? new Map<string, PagedSum>();
    byFamily.set(family.name, ofFamily);
    const paged = ofFamily.get(key);
    if (paged === undefined) ofFamily.set(key, { labels, units: shown });
    else paged.units = paged.units.map((n, i) => n + (shown[i] ?? 0n));
  }
  return byFamily;
}

function* sumLines(family: Family, sums: readonly PagedSum[]): Generator<string> {
  const shapes = shapesOf(family);
  for (const { labels, units } of sums) {
    const own = formatLabels(family.labels, labels);
    for (const shape of shapes) {
      const value = toDouble(units[shape.at] ?? 0n, shape.per);
      yield `${shapeText(family, shape, own)} ${formatValue(value)}\n`;
    }
  }
}
