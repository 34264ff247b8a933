import { growthAt, isGrowth } from '../catalogue/family';
import type { Growth } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import type { Figures, SumFigure } from '../catalogue/figures';
import { ledgerUnits, shapesOf } from '../catalogue/shape';
import { seriesKey } from '../catalogue/tally';
import { entityAsOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import type { Selector } from './selector';

/** What the series named by a selector are made of, as of a moment. */
export interface ExplanationBuilder {
  /** Adds the next entity of a history; earlier lives of an id come first. */
  add(entity: Entity): void;
  /** @param atMs the moment at which growing figures are read */
  finish(atMs: number): ExplainedSeries[];
}

export interface ExplainedSeries {
  readonly labelNames: readonly string[];
  readonly labels: readonly string[];
  /** Those that add something, the largest first. */
  readonly shares: readonly Share[];
  /** How many entities have the labels but add nothing. */
  readonly idleBearers: number;
  readonly total: Amount;
}

export interface Share {
  /** The entity, with its facts. */
  readonly entity: Entity;
  readonly figures: Figures;
  readonly amount: Amount;
  /** How it grows; undefined: it is the same at any moment. */
  readonly growth?: Growth;
}

/**
 * Whole units, `per` of them in one of the family's; or a gauge's own number, which is never added to
 * another.
 */
export type Amount = { readonly units: bigint; readonly per: number } | { readonly value: number };

interface Candidate {
  readonly entity: Entity;
  readonly figures: Figures;
  readonly labels: readonly string[];
  readonly made: Amount | { readonly growth: Growth; readonly per: number };
}

/** @param asOfMs facts later than this are left out; null: none are */
export function openExplanation(selector: Selector, asOfMs: number | null): ExplanationBuilder {
  const { family, suffix } = selector;
  const labelNames = suffix === '_bucket' ? [...family.labels, 'le'] : family.labels;
  const series = new Map<string, Candidate[]>();

  function isAsked(labels: readonly string[]): boolean {
    return [...selector.labels].every(([name, value]) => labels[labelNames.indexOf(name)] === value);
  }

  function offer(candidate: Candidate, isOwn: boolean): void {
    if (!isAsked(candidate.labels)) return;
    const key = seriesKey(selector.name, candidate.labels);
    const known = series.get(key);
    if (known === undefined) series.set(key, [candidate]);
    // Of two lives of an id that would give the same own series, the page shows the earlier.
    else if (!isOwn) known.push(candidate);
  }

  return {
    add(whole) {
      const entity = asOfMs === null ? whole : entityAsOf(whole, asOfMs);
      const figures = figuresOf(entity);
      for (const { family: of, labels, value } of figures?.own ?? []) {
        if (figures === undefined || of.name !== family.name) continue;
        const made = isGrowth(value) ? { growth: value, per: of.per } : { value };
        offer({ entity, figures, labels, made }, true);
      }
      for (const figure of figures?.sums ?? []) {
        if (figures === undefined || figure.family.name !== family.name) continue;
        for (const share of sharesOf(figure, suffix)) offer({ entity, figures, ...share }, false);
      }
    },
    finish: (atMs) =>
      [...series.keys()].sort().map((key) => explain(series.get(key) ?? [], labelNames, atMs)),
  };
}

/** What one entity adds to the series of a sum that are asked for. */
function sharesOf(
  { family, labels, amount }: SumFigure,
  asked: Selector['suffix'],
): readonly Pick<Candidate, 'labels' | 'made'>[] {
  if (isGrowth(amount)) return [{ labels, made: { growth: amount, per: family.per } }];
  const units = ledgerUnits(family, amount);
  return shapesOf(family)
    .filter(({ suffix }) => suffix === asked)
    .map(({ le, per, at }) => ({
      labels: le === undefined ? labels : [...labels, le],
      made: { units: units[at] ?? 0n, per },
    }));
}

function explain(
  candidates: readonly Candidate[],
  labelNames: readonly string[],
  atMs: number,
): ExplainedSeries {
  const all = candidates.map(({ entity, figures, made }): Share => {
    if (!('growth' in made)) return { entity, figures, amount: made };
    const { growth, per } = made;
    return { entity, figures, amount: { units: growthAt(growth, atMs), per }, growth };
  });
  const shares = all.length === 1 ? all : all.filter(({ amount }) => unitsOf(amount) !== 0n).sort(byUnits);
  const labels = candidates[0]?.labels ?? [];
  return { labelNames, labels, shares, idleBearers: all.length - shares.length, total: totalOf(all) };
}

function byUnits(a: Share, b: Share): number {
  const units = unitsOf(a.amount) - unitsOf(b.amount);
  return units > 0n ? -1 : units < 0n ? 1 : 0;
}

function totalOf(all: readonly Share[]): Amount {
  const [first] = all;
  if (first === undefined) throw new Error('a series is made of entities');
  if (!('units' in first.amount)) return first.amount;
  return { units: all.reduce((sum, { amount }) => sum + unitsOf(amount), 0n), per: first.amount.per };
}

/** Only an own series has a plain number, and nothing is added to it. */
function unitsOf(amount: Amount): bigint {
  return 'units' in amount ? amount.units : 0n;
}
