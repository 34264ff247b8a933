import { MAX_LABEL_BYTES, isLabel } from '../../events/fields';
import { MAX_BAD_LINES_KEPT } from './page';
import type { BadLine, Family, Page, Sample } from './page';
import { isComposite, isReserved } from './passed';

/** A page's samples as a `gpu.sampled` event has them: labels once for all values that share them. */
export interface Series {
  readonly families: Record<string, Family>;
  readonly series: Row[];
  readonly values: number;
  readonly leftOut: LeftOut;
  /**
   * The first lines that have no place in an event: above a limit, or repeats (the first counts, as in a
   * scrape).
   */
  readonly refused: readonly BadLine[];
  readonly refusedCount: number;
}

/** Samples that are not in the event, by cause. */
export interface LeftOut {
  /** Not among the fields that are asked for. */
  readonly gpu_field: number;
  /** NaN, which means "not supported", and ±Infinity: JSON has no numbers for them. */
  readonly not_a_number: number;
  /** A name that begins with `dstack_` or `fleetmeter_`. */
  readonly reserved_name: number;
  /** Histograms, summaries, and parts of them. */
  readonly composite: number;
  /** Above one of LIMITS. These are among the refused lines too. */
  readonly limit: number;
}

interface Row {
  readonly labels: Record<string, string>;
  readonly values: Record<string, number>;
  readonly timestamp_ms?: number;
}

/** What one event holds at most. A page of 112 MIG slices with 80 fields each is below all of them. */
export const LIMITS = { labels: 64, nameLength: 256, families: 1000, values: 10_000 } as const;

interface Gathered {
  readonly labels: Sample['labels'];
  readonly timestampMs: number | undefined;
  readonly values: Map<string, number>;
}

/**
 * Groups a page's samples by label set (whatever the order of labels) and timestamp, rows in the page's
 * order. What is above a limit, or has no place on a page, is left out and counted; the rest is taken.
 */
export function seriesOf(page: Page, isWanted: (name: string) => boolean = () => true): Series {
  const leftOut = { gpu_field: 0, not_a_number: 0, reserved_name: 0, composite: 0, limit: 0 };
  const refused: BadLine[] = [];
  let refusedCount = 0;
  let values = 0;
  const rows = openRows();
  const judgeName = nameJudge(page, isWanted);

  const refuse = ({ line }: Sample, reason: string): void => {
    if (refusedCount++ < MAX_BAD_LINES_KEPT) refused.push({ line, column: 1, reason });
  };
  const refuseAbove = (sample: Sample, limit: string): void => {
    leftOut.limit++;
    refuse(sample, limit);
  };

  for (const sample of page.samples) {
    const { name, value } = sample;
    const verdict = judgeName(name);
    if (verdict !== 'taken') {
      if (verdict === 'length') refuseAbove(sample, `the name has more than ${LIMITS.nameLength} characters`);
      else if (verdict === 'families')
        refuseAbove(sample, `the page has more than ${LIMITS.families} families`);
      else leftOut[verdict]++;
      continue;
    }
    const row = rows.of(sample);
    if (typeof row === 'string') {
      refuseAbove(sample, row);
    } else if (row.values.has(name)) {
      refuse(sample, 'the same series as on a line before');
    } else if (!Number.isFinite(value)) {
      leftOut.not_a_number++;
    } else if (values === LIMITS.values) {
      refuseAbove(sample, `the page has more than ${LIMITS.values} series`);
    } else {
      row.values.set(name, value);
      values++;
    }
  }
  const taken = rows.all().filter((row) => row.values.size > 0);
  const names = new Set(taken.flatMap((row) => [...row.values.keys()]));
  return {
    families: familiesOf(page, names),
    series: taken.map(rowOf),
    values,
    leftOut,
    refused,
    refusedCount,
  };
}

function rowOf({ labels, values, timestampMs }: Gathered): Row {
  return {
    // fromEntries defines members, so that a label called __proto__ is one like any other.
    labels: Object.fromEntries(labels),
    values: Object.fromEntries(values),
    ...(timestampMs === undefined ? {} : { timestamp_ms: timestampMs }),
  };
}

type NameVerdict = 'taken' | 'gpu_field' | 'reserved_name' | 'composite' | 'length' | 'families';

/** Judges each name once, however many samples have it. */
function nameJudge(page: Page, isWanted: (name: string) => boolean): (name: string) => NameVerdict {
  const known = new Map<string, NameVerdict>();
  let families = 0;
  const judge = (name: string): NameVerdict => {
    if (!isWanted(name)) return 'gpu_field';
    if (isReserved(name)) return 'reserved_name';
    if (isComposite(name, (family) => page.families.get(family)?.type)) return 'composite';
    if (name.length > LIMITS.nameLength) return 'length';
    return ++families > LIMITS.families ? 'families' : 'taken';
  };
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const verdict = judge(name);
    known.set(name, verdict);
    return verdict;
  };
}

/** Rows by label set and timestamp; a text says why there is none, because labels are above a limit. */
function openRows() {
  const bySet = new Map<string, Gathered>();
  const judged = new Map<Sample['labels'], { key: string; refusal: string | null; row: Gathered | null }>();
  const judge = (labels: Sample['labels']) => {
    const pairs = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
    return { key: JSON.stringify(pairs), refusal: labelsRefusal(labels), row: null };
  };
  const rowAt = (key: string, { labels, timestampMs }: Sample): Gathered => {
    const row = bySet.get(key) ?? { labels, timestampMs, values: new Map<string, number>() };
    bySet.set(key, row);
    return row;
  };
  return {
    all: () => [...bySet.values()],
    of(sample: Sample): Gathered | string {
      const { labels, timestampMs } = sample;
      let known = judged.get(labels);
      if (known === undefined) {
        known = judge(labels);
        judged.set(labels, known);
      }
      if (known.refusal !== null) return known.refusal;
      if (timestampMs !== undefined) return rowAt(`${known.key} ${String(timestampMs)}`, sample);
      return (known.row ??= rowAt(known.key, sample));
    },
  };
}

function labelsRefusal(labels: Sample['labels']): string | null {
  if (labels.size > LIMITS.labels) return `the series has more than ${LIMITS.labels} labels`;
  for (const [name, value] of labels) {
    if (name.length > LIMITS.nameLength)
      return `the name of a label has more than ${LIMITS.nameLength} characters`;
    if (!isLabel(value)) return `the value of label "${name}" has more than ${MAX_LABEL_BYTES} bytes`;
  }
  return null;
}

/**
 * The families that have values, as the text format names them: OpenMetrics' counter X has the values X_total
 * there, its info X the values X_info. A family that the page says nothing about is left out: what writes a
 * page knows DCGM's fields anyway (see services/catalogue/dcgm.ts), so those texts need not be on the log.
 */
function familiesOf(page: Page, names: ReadonlySet<string>): Record<string, Family> {
  const families = new Map<string, Family>();
  for (const [name, family] of page.families) {
    if (names.has(name)) families.set(name, family);
    else if (family.type === 'counter' && names.has(`${name}_total`)) families.set(`${name}_total`, family);
    else if (family.type === 'info' && names.has(`${name}_info`)) families.set(`${name}_info`, family);
  }
  return Object.fromEntries(families);
}
