import { shownText } from '../fold/fact';
import { BEARER_LABELS } from './bearer';
import type { BearerKind } from './bearer';
import { lookUp } from './attribution';
import type { Row, RowLabels, RowPlace } from './rows';

/**
 * Series of different bearers differ in the bearers' labels, so alike ones are looked for among those of one
 * bearer. Two kinds of rows are the exception: those whose exporter uses labels of the other kind (a job's
 * series with an instance's id), and those of bearers whose own labels don't distinguish them, since a lone
 * surrogate is shown like any other.
 */
export interface OddRow {
  /** Of the series and its family: alike rows have the same. */
  readonly identity: string;
  readonly row: RowPlace;
}

const FOREIGN: Readonly<Record<BearerKind, readonly string[]>> = {
  job: BEARER_LABELS.instance.filter((name) => !isOf(BEARER_LABELS.job, name)),
  instance: BEARER_LABELS.job.filter((name) => !isOf(BEARER_LABELS.instance, name)),
};

function isOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

export function oddRows(rows: readonly Row[]): OddRow[] {
  const judged = new Map<RowLabels, boolean>();
  return rows.flatMap((row) => {
    const { labels, exporter, via, index } = row;
    const isOdd = judged.get(labels) ?? isOddRow(row);
    judged.set(labels, isOdd);
    return isOdd ? [{ identity: identityOf(row), row: { exporter, via, index } }] : [];
  });
}

export function identityOf({ name, labels }: Pick<Row, 'name' | 'labels'>): string {
  return `${name} ${labels.identity}`;
}

function isOddRow({ bearer, labels }: Row): boolean {
  return (
    FOREIGN[bearer.kind].some((name) => (lookUp(labels.exporters, name) ?? '') !== '') ||
    bearer.labels.some((text) => shownText(text) !== text)
  );
}
