import { growthAt, isGrowth } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import type { OwnSeries } from '../catalogue/figures';
import { ledgerUnits } from '../catalogue/shape';
import { partAt, seriesKey } from '../catalogue/tally';
import type { SumSeries } from '../catalogue/tally';
import type { Entity } from '../fold/entity';

/**
 * A hold: the value at which a partition's part of a counter's series was shown, kept while the ledger is
 * below it (contract, "The page": a finish learned late takes cost back). The figure shown stands still until
 * the ledger has caught up.
 */
export interface Hold {
  readonly family: string;
  readonly labels: readonly string[];
  /** The entry key of the entity of an own series; undefined for a sum. */
  readonly entity?: string;
  /** Whole units; for a histogram as cumulate() gives them. */
  readonly shown: readonly bigint[];
}

export function encodeHold(hold: Hold): string {
  return JSON.stringify({ ...hold, shown: hold.shown.map(String) });
}

export function decodeHold(text: string): Hold {
  const stored = JSON.parse(text) as Omit<Hold, 'shown'> & { readonly shown: readonly string[] };
  return { ...stored, shown: stored.shown.map(BigInt) };
}

/** Gauges may fall; counters and histograms are held. */
export function canBeHeld(family: Pick<Family, 'type'>): boolean {
  return family.type !== 'gauge';
}

/** What the ledger has for a partition's part of a sum, in the units of holds. */
export function ledgerOfSum(series: SumSeries, pageTimeMs: number): readonly bigint[] {
  return ledgerUnits(series.family, partAt(series, pageTimeMs));
}

/** The same for an own series of a counter. */
export function ledgerOfOwn(figure: OwnSeries, pageTimeMs: number): readonly bigint[] {
  const { value } = figure;
  return [isGrowth(value) ? growthAt(value, pageTimeMs) : BigInt(value)];
}

/** The own series that a series key names; undefined if it is not shown. */
export function ownFigureOf(entity: Entity | undefined, key: string): OwnSeries | undefined {
  return (
    entity && figuresOf(entity)?.own.find(({ family, labels }) => seriesKey(family.name, labels) === key)
  );
}

/** The higher of each two values. Pointwise, so that cumulative buckets stay in order. */
export function highest(a: readonly bigint[], b: readonly bigint[] | undefined): readonly bigint[] {
  if (b === undefined) return a;
  return a.map((value, i) => {
    const other = b[i] ?? 0n;
    return other > value ? other : value;
  });
}

export function isBelow(ledger: readonly bigint[], shown: readonly bigint[]): boolean {
  return shown.some((value, i) => (ledger[i] ?? 0n) < value);
}
