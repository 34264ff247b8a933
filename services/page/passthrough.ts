import { dcgmField, helpOf } from '../catalogue/dcgm';
import { piecesOf } from './block';
import type { Block } from './block';
import type { PageContents } from './contents';
import { formatValue } from './format';
import type { SampleType } from './format';
import { byPlace, lookUp } from './rows';
import type { Row } from './rows';
import { inProject, inShard } from './selection';

/** GPU passthrough: each family of the exporters under its own name (contract, "GPU passthrough"; whose a row is: rows.ts). */
export function* passthroughBlocks(contents: PageContents, passed: readonly Row[]): Generator<Block> {
  const families = new Map<string, Row[]>();
  for (const row of passed) {
    const rows = families.get(row.name);
    if (rows === undefined) families.set(row.name, [row]);
    else rows.push(row);
  }
  for (const name of [...families.keys()].sort()) {
    const rows = (families.get(name) ?? []).sort(byPlace);
    const { type, help } = declared(name, rows[0]);
    const openMetricsType = isOpenMetricsCounter(name, rows, families) ? type : notCounter(type);
    yield { name, type, openMetricsType, help, pieces: piecesOf(lines(contents, rows)) };
  }
}

function* lines({ selection }: PageContents, rows: readonly Row[]): Generator<string> {
  for (const { bearer, name, labels, value } of rows) {
    if (!inProject(selection, bearer.project) || !inShard(selection, bearer.bucket)) continue;
    yield `${name}{${labels.text}} ${formatValue(value)}\n`;
  }
}

/** As the exporter says it; what it does not say of one of DCGM's fields is known all the same. */
function declared(name: string, row: Row | undefined): { type: SampleType; help: string } {
  const reading = row?.sample.reading;
  const family = reading?.kind === 'gpu' ? lookUp(reading.gpu.families, name) : undefined;
  const known = dcgmField(name);
  const type = family?.type.toLowerCase();
  const help = family?.help ?? '';
  return {
    type: type === 'counter' || type === 'gauge' ? type : (known?.type ?? 'unknown'),
    help: help === '' && known !== undefined ? helpOf(known) : help,
  };
}

/** An OpenMetrics counter is never negative, and X_created beside X_total would be a part of it. */
function isOpenMetricsCounter(
  name: string,
  rows: readonly Row[],
  families: ReadonlyMap<string, unknown>,
): boolean {
  return rows.every(({ value }) => value >= 0) && !families.has(name.replace(/_total$/, '_created'));
}

function notCounter(type: SampleType): SampleType {
  return type === 'counter' ? 'unknown' : type;
}
