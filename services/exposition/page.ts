/** The exposition formats that are read, told apart by the page's `content-type` as Prometheus does. */
export type ExpositionFormat = 'text' | 'openmetrics';

export interface Family {
  /** As the page says; `untyped` if it has no TYPE. */
  readonly type: string;
  /** Unescaped; empty if it has no HELP. */
  readonly help: string;
}

export interface Sample {
  /** Its line on the page, from 1. */
  readonly line: number;
  readonly name: string;
  /** In the page's order; samples whose labels are written alike share one map. */
  readonly labels: ReadonlyMap<string, string>;
  /** NaN and ±Infinity too. */
  readonly value: number;
  readonly timestampMs?: number;
}

/** Why a line was not taken. Line and column (in UTF-16 units) count from 1. */
export interface BadLine {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

export interface Page {
  readonly kind: 'page';
  /** Families that have HELP or TYPE, by the name written there; of several, the last counts. */
  readonly families: ReadonlyMap<string, Family>;
  readonly samples: readonly Sample[];
  /** The first `MAX_BAD_LINES_KEPT` of them. */
  readonly badLines: readonly BadLine[];
  readonly badLineCount: number;
}

/** A page with too many lines; nothing of it is kept. */
export interface PageTooLarge {
  readonly kind: 'too_large';
  readonly detail: string;
}

export const MAX_BAD_LINES_KEPT = 100;
/**
 * Far more than a GPU exporter's page has (112 MIG slices with 100 fields each are 11,400), and read in a
 * moment.
 */
export const MAX_LINES = 50_000;
