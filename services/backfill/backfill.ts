import { growthAt, isGrowth, toDouble } from '../catalogue/family';
import type { Family, Growth } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import type { Figures, OwnSeries, SumFigure } from '../catalogue/figures';
import { OWN_FAMILIES } from '../catalogue/families';
import { partCount } from '../catalogue/shape';
import { seriesKey } from '../catalogue/tally';
import { entityAsOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import { entityKey } from '../fold/fact';
import { formatLabels, formatValue } from '../page/format';
import { openLevels } from './levels';
import type { Levels } from './levels';
import { stepFrom, timeOf } from './steps';
import type { Steps } from './steps';

/**
 * The ledger as of each step of a span: what `render --at` that moment prints of some families. The whole
 * history must have been judged before, since facts may be learned late; then each entity is added once, in
 * any order.
 */
export interface Backfill {
  add(entity: Entity): void;
  /** The sums, in the order of the page. */
  readonly sums: ReadonlyMap<string, SumLevels>;
}

/** One series of a sum family over the steps. */
export interface SumLevels {
  readonly family: Family;
  readonly labels: readonly string[];
  /** How many entities have these labels; the series exists while there are any. */
  readonly bearers: Levels;
  /** One of a counter or gauge, see histogramParts() for a histogram. */
  readonly parts: readonly Levels[];
}

/** Receives one sample line of an own family; the lines of a series come in order of time. */
export type OwnSink = (familyName: string, timeMs: number, line: string) => void;

/**
 * @param isAsked which families are wanted, by name
 * @param onOwn there are as many own series as entities, so they are passed on and not kept
 */
export function openBackfill(
  steps: Steps,
  isAsked: (familyName: string) => boolean,
  onOwn: OwnSink,
): Backfill {
  const sums = new Map<string, SumLevels>();
  /**
   * The step up to which an entity's own series exist. Two lives of an id can overlap, and then the earlier
   * one's are shown.
   */
  const ownUntil = new Map<string, number>();
  const asksOwn = OWN_FAMILIES.some(({ name }) => isAsked(name));

  function sumOf({ family, labels }: SumFigure): SumLevels {
    const key = seriesKey(family.name, labels);
    let sum = sums.get(key);
    if (sum === undefined) {
      const parts = Array.from({ length: partCount(family) }, openLevels);
      sum = { family, labels, bearers: openLevels(), parts };
      sums.set(key, sum);
    }
    return sum;
  }

  function addSums(figures: Figures, from: number, to: number): void {
    for (const figure of figures.sums) {
      if (!isAsked(figure.family.name)) continue;
      const { bearers, parts } = sumOf(figure);
      raise(bearers, 1n, from, to, steps);
      if (isGrowth(figure.amount)) grow(parts[0], figure.amount, from, to, steps);
      else figure.amount.forEach((amount, i) => raise(parts[i], amount, from, to, steps));
    }
  }

  function addOwn(figures: Figures, from: number, to: number): void {
    for (const figure of figures.own) {
      if (!isAsked(figure.family.name)) continue;
      const series = `${figure.family.name}{${formatLabels(figure.family.labels, figure.labels)}}`;
      for (let step = from; step < to; step++) {
        const timeMs = timeOf(steps, step);
        onOwn(figure.family.name, timeMs, `${series} ${ownValue(figure, timeMs)} ${secondsText(timeMs)}\n`);
      }
    }
  }

  return {
    sums,
    add(entity) {
      const { facts } = entity;
      const key = entityKey(entity.id);
      const ownFrom = ownUntil.get(key) ?? 0;
      let step = entity.prefix === null ? stepFrom(steps, facts[0]?.timeMs ?? Infinity) : 0;
      while (step < steps.count) {
        const known = entityAsOf(entity, timeOf(steps, step));
        const next = stepFrom(steps, facts[known.facts.length]?.timeMs ?? Infinity);
        const figures = figuresOf(known);
        if (figures !== undefined) {
          addSums(figures, step, next);
          addOwn(figures, Math.max(step, ownFrom), next);
          if (asksOwn && figures.own.length > 0) ownUntil.set(key, next);
        }
        step = next;
      }
    },
  };
}

function raise(levels: Levels | undefined, amount: bigint, from: number, to: number, { count }: Steps): void {
  levels?.add(from, amount);
  if (to < count) levels?.add(to, -amount);
}

function grow(levels: Levels | undefined, growth: Growth, from: number, to: number, steps: Steps): void {
  const { startsMs, rates } = growth.accrual;
  const isEnded = (rates.at(-1) ?? 0) === 0;
  const endMs = isEnded ? (startsMs.at(-1) ?? -Infinity) : Infinity;
  let level = 0n;
  for (let step = from; step < to; step++) {
    const timeMs = timeOf(steps, step);
    const amount = growthAt(growth, timeMs);
    levels?.add(step, amount - level);
    level = amount;
    if (timeMs >= endMs) break;
  }
  if (to < steps.count) levels?.add(to, -level);
}

function ownValue({ family, value }: OwnSeries, timeMs: number): string {
  return formatValue(isGrowth(value) ? toDouble(growthAt(value, timeMs), family.per) : value);
}

/** OpenMetrics' timestamps: seconds. */
export function secondsText(timeMs: number): string {
  return String(timeMs / 1000);
}
