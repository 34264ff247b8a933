import { NOTHING, isNothing, plus } from './amount';
import type { Amount } from './amount';
import { tagOf } from './column';
import type { Column, Labels } from './column';
import { dayText, monthText } from './span';
import type { Span } from './span';

/**
 * What a row of a report is about. `idle`: instances while idle; `unallocated`: what else instances cost that
 * no job on them accounts for (starting and ending, GPUs without a job; below 0 if jobs cost more than the
 * instance they are on).
 */
export type Kind = 'job' | 'idle' | 'unallocated' | 'volume';

export interface Row {
  readonly span: Span;
  /** In the order of the columns. */
  readonly values: readonly string[];
  readonly kind: Kind;
  readonly amount: Amount;
}

/** The rows of a report, added up. */
export interface Rows {
  add(span: Span, labels: Labels, tags: Tags, kind: Kind, amount: Amount): void;
  /** Rows that are not zero: in order of time if there is a column for it, then the most expensive first. */
  inOrder(): Row[];
}

export type Tags = Readonly<Record<string, string>>;
export const NO_TAGS: Tags = {};

export function openRows(columns: readonly Column[], project: string | null): Rows {
  const rows = new Map<string, Row>();
  return {
    add(span, labels, tags, kind, amount) {
      if (isNothing(amount) || (project !== null && labels.project !== project)) return;
      const values = columns.map((column) => valueOf(column, span, labels, tags));
      const key = JSON.stringify([span.fromMs, kind, ...values]);
      const sum = plus(rows.get(key)?.amount ?? NOTHING, amount);
      rows.set(key, { span, values, kind, amount: sum });
    },
    inOrder: () => [...rows.values()].filter(({ amount }) => !isNothing(amount)).sort(byTimeAndCost),
  };
}

function valueOf(column: Column, span: Span, labels: Labels, tags: Tags): string {
  const tag = tagOf(column);
  if (tag !== undefined) return Object.hasOwn(tags, tag) ? (tags[tag] ?? '') : '';
  if (column === 'day') return dayText(span);
  if (column === 'month') return monthText(span);
  if (column === 'tags') return JSON.stringify(tags);
  return labels[column] ?? '';
}

function byTimeAndCost(a: Row, b: Row): number {
  if (a.span.fromMs !== b.span.fromMs) return a.span.fromMs - b.span.fromMs;
  const difference = b.amount.nanoDollars - a.amount.nanoDollars;
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf({ values, kind }: Row): string {
  return JSON.stringify([values, kind]);
}
