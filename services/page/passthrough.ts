import { dcgmField, helpOf } from '../catalogue/dcgm';
import { lookUp } from './attribution';
import type { Block, Piece } from './block';
import type { SampleType } from './format';
import { openLineWriter } from './line-writer';
import type { Passed } from './passed';

/**
 * GPU passthrough: each family of the exporters under its own name (contract, "GPU passthrough").
 * @param all of all shards and projects: a family's header is the same in each part of a page
 * @param selected those whose lines are written
 */
export function* passthroughBlocks(all: readonly Passed[], selected: readonly Passed[]): Generator<Block> {
  const firsts = firstOfFamilies(all);
  const negatives = new Set(all.flatMap((passed) => [...passed.negatives]));
  for (const name of [...firsts.keys()].sort()) {
    const { type, help } = declared(name, firsts.get(name));
    // An OpenMetrics counter is never negative, and X_created beside X_total would be a part of it.
    const isCounter = !negatives.has(name) && !firsts.has(name.replace(/_total$/, '_created'));
    const openMetricsType = isCounter || type !== 'counter' ? type : 'unknown';
    yield { name, type, openMetricsType, help, pieces: piecesOfFamily(selected, name) };
  }
}

/** The first bearer of each family, in the order of the page. */
function firstOfFamilies(all: readonly Passed[]): Map<string, Passed> {
  const firsts = new Map<string, Passed>();
  const seen = new Set<unknown>();
  for (const passed of all) {
    if (seen.has(passed.shape)) continue;
    seen.add(passed.shape);
    for (const name of passed.shape.families.keys()) if (!firsts.has(name)) firsts.set(name, passed);
  }
  return firsts;
}

function* piecesOfFamily(selected: readonly Passed[], family: string): Generator<Piece> {
  const writer = openLineWriter();
  const name = Buffer.from(family);
  for (const { shape, labels, values } of selected) {
    const place = shape.families.get(family);
    if (place === undefined) continue;
    for (let at = place.from; at < place.to; at++) {
      const ofSeries = labels[shape.series[at] ?? 0];
      const full = ofSeries && writer.add(name, ofSeries, values[at] ?? NaN);
      if (full !== undefined) yield full;
    }
  }
  const rest = writer.end();
  if (rest !== undefined) yield rest;
}

/** As the exporter says; what it doesn't say about one of DCGM's fields is known anyway. */
function declared(name: string, passed: Passed | undefined): { type: SampleType; help: string } {
  const first = passed?.shape.families.get(name)?.from ?? 0;
  const reading = passed?.samples[passed.shape.series[first] ?? 0]?.reading;
  const family = reading?.kind === 'gpu' ? lookUp(reading.gpu.families, name) : undefined;
  const known = dcgmField(name);
  const type = family?.type.toLowerCase();
  const help = family?.help ?? '';
  return {
    type: type === 'counter' || type === 'gauge' ? type : (known?.type ?? 'unknown'),
    help: help === '' && known !== undefined ? helpOf(known) : help,
  };
}
