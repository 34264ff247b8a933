import type { Accrual } from '../fold/accrual';
import { areaAt } from '../fold/accrual';

/**
 * How a metric family is declared: once, with its name, type, help, labels and where its value comes from.
 *
 * Glossary
 * - own family: each of its series is one entity's alone, shown as long as the entity is
 * - sum family: its series add up whole numbers over all entities that bear their labels, the settled ones
 *   included
 * - growth: a whole number that rises with page time
 */
type FamilyType = 'counter' | 'gauge' | 'histogram';

/** What a page says about a family before its lines. */
export interface MetricFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly labels: readonly string[];
}

/** A family that is made from entities, without the functions that make its figures. */
export interface Family extends MetricFamily {
  /** Whole units in one printed unit: 10^9 nano-dollars, 1000 ms, 1 of a count. */
  readonly per: number;
  /** Upper bounds of a histogram's buckets, seconds. */
  readonly bounds?: readonly number[];
}

/** ⌊area × numerator ÷ denominator⌋, divided once, after the sum. */
export interface Growth {
  readonly accrual: Accrual;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export interface OwnFamily<Described> extends Family {
  readonly type: 'counter' | 'gauge';
  /** Label values, in the order of `labels`. */
  readonly labelsOf: (entity: Described) => readonly string[];
  readonly valueOf: (entity: Described) => number | Growth;
}

/**
 * One entity's part of one series: whole numbers, one of a counter or gauge, see histogramParts() for a
 * histogram.
 */
export interface SumPart {
  readonly labels: readonly string[];
  readonly amount: readonly bigint[] | Growth;
}

export interface SumFamily<Described> extends Family {
  readonly partsOf: (entity: Described) => readonly SumPart[];
}

export function growthAt(growth: Growth, pageTimeMs: number): bigint {
  return (areaAt(growth.accrual, pageTimeMs) * growth.numerator) / growth.denominator;
}

export function isGrowth(value: number | readonly bigint[] | Growth): value is Growth {
  return typeof value === 'object' && 'accrual' in value;
}

/** Do they grow alike, for all times to come and past? */
export function isSameGrowth(a: Growth, b: Growth): boolean {
  if (a.numerator !== b.numerator || a.denominator !== b.denominator) return false;
  const [of, other] = [a.accrual, b.accrual];
  if (of === other) return true;
  return (
    of.startsMs.length === other.startsMs.length &&
    of.startsMs.every((ms, i) => ms === other.startsMs[i]) &&
    of.rates.every((rate, i) => rate === other.rates[i]) &&
    of.areas.every((area, i) => area === other.areas[i])
  );
}

/** Milliseconds since a start: rate 1 from then on. */
export function timeSince(startMs: number): Growth {
  return { accrual: { startsMs: [startMs], rates: [1], areas: [0n] }, numerator: 1n, denominator: 1n };
}

export const ONE: readonly bigint[] = [1n];
export const ZERO: readonly bigint[] = [0n];

/**
 * Observations of a histogram as the whole numbers that its series add up: a count for each bucket by itself,
 * one for observations above all bounds, and the sum in ms. Negative observations count as 0.
 */
export function histogramParts(boundsSeconds: readonly number[], observedMs: readonly number[]): bigint[] {
  const parts = new Array<bigint>(boundsSeconds.length + 2).fill(0n);
  for (const observed of observedMs) {
    const ms = Math.max(0, observed);
    const found = boundsSeconds.findIndex((bound) => ms <= bound * 1000);
    const bucket = found === -1 ? boundsSeconds.length : found;
    parts[bucket] = (parts[bucket] ?? 0n) + 1n;
    parts[boundsSeconds.length + 1] = (parts[boundsSeconds.length + 1] ?? 0n) + BigInt(ms);
  }
  return parts;
}

/** A histogram's parts as they are printed: cumulative buckets, the last of them +Inf, then the sum in ms. */
export function cumulate(parts: readonly bigint[]): bigint[] {
  const buckets = parts.slice(0, -1);
  let count = 0n;
  return [...buckets.map((n) => (count += n)), parts.at(-1) ?? 0n];
}

/**
 * The double nearest to units ÷ per. Above 2^53 both divisions of doubles would round, so the decimal is
 * parsed instead.
 */
export function toDouble(units: bigint, per: number): number {
  if (units <= BigInt(Number.MAX_SAFE_INTEGER) && units >= -BigInt(Number.MAX_SAFE_INTEGER))
    return Number(units) / per;
  const divisor = BigInt(per);
  const digits = String(per).length - 1;
  return Number(
    `${String(units / divisor)}.${String(units % divisor)
      .replace('-', '')
      .padStart(digits, '0')}`,
  );
}
