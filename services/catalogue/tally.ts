import type { Family } from './family';
import type { Figures, SumFigure } from './figures';
import { ZERO, growthAt, isGrowth, isSameGrowth } from './family';
import { addGrowing, emptyGrowingSum, grownAt, removeGrowing } from './growing';
import type { GrowingSum } from './growing';
import { partCount } from './shape';
import { shownText } from '../fold/fact';

/**
 * The sums of one partition: what the entities of each series of a sum family add up to, at any page time.
 * Kept up to date as entities change, so that a page costs one addition for each entity that still accrues.
 */
export interface Tally {
  /** By seriesKey(). */
  readonly series: Map<string, SumSeries>;
}

export interface SumSeries {
  readonly family: Family;
  readonly labels: readonly string[];
  /** What absorbed entities have added for good; null: none has been absorbed. */
  absorbed: readonly bigint[] | null;
  /** What live entities add whatever the page time is. */
  fixed: bigint[];
  /** What live entities add as time goes on, by entity key. */
  readonly growing: GrowingSum;
  /**
   * How many live entities have these labels; a series is shown while there are any, or if any has been
   * absorbed.
   */
  bearers: number;
}

export function emptyTally(): Tally {
  return { series: new Map() };
}

/**
 * Keys are computed once per array of labels: a sum's for all entities that share it, an entity's own for all
 * of its families.
 */
const labelKeys = new WeakMap<readonly string[], string>();

/**
 * Names a series of a family in maps and in the store. Labels that look the same on a page are one series.
 */
export function seriesKey(familyName: string, labels: readonly string[]): string {
  let key = labelKeys.get(labels);
  if (key === undefined) {
    key = labelsKey(labels);
    labelKeys.set(labels, key);
  }
  return `${familyName} ${key}`;
}

/**
 * For labels that many entities share (see sharedLabels()): a string that is reused keeps the hash that maps
 * look it up by.
 */
const sumKeys = new WeakMap<readonly string[], Map<Family, string>>();

/** The seriesKey() of a sum that an entity adds to. */
export function sumKey({ family, labels }: Pick<SumFigure, 'family' | 'labels'>): string {
  let keys = sumKeys.get(labels);
  if (keys === undefined) {
    keys = new Map();
    sumKeys.set(labels, keys);
  }
  let key = keys.get(family);
  if (key === undefined) {
    key = seriesKey(family.name, labels);
    keys.set(family, key);
  }
  return key;
}

function labelsKey(labels: readonly string[]): string {
  const json = JSON.stringify(labels);
  // JSON escapes lone surrogates as \ud…. A backslash before "ud" is found too, which only costs time.
  return json.includes('\\ud') ? JSON.stringify(labels.map(shownText)) : json;
}

const NONE: readonly SumFigure[] = [];

/** The entity's figures have changed; undefined: it had, or has, none. */
export function tallyEntity(
  tally: Tally,
  entityKey: string,
  before: Figures | undefined,
  after: Figures | undefined,
): void {
  if (before === after) return;
  const old = before?.sums ?? NONE;
  const now = after?.sums ?? NONE;
  // Most changes leave all labels and most amounts as they were.
  const areAlike = old.length === now.length;
  const changed = areAlike ? now.map((figure, i) => !isSameFigure(figure, old[i])) : undefined;
  for (const [i, figure] of old.entries())
    if (changed === undefined || changed[i] === true) removeFigure(tally, entityKey, figure);
  for (const [i, figure] of now.entries())
    if (changed === undefined || changed[i] === true) addFigure(tally, entityKey, figure);
}

/** The same series, and the same amount at any later time. */
function isSameFigure(a: SumFigure, b: SumFigure | undefined): boolean {
  if (a.family !== b?.family || !(a.labels === b.labels || sameTexts(a.labels, b.labels))) return false;
  if (isGrowth(a.amount)) return isGrowth(b.amount) && isSameGrowth(a.amount, b.amount);
  return !isGrowth(b.amount) && sameUnits(a.amount, b.amount);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.every((text, i) => text === b[i]);
}

function sameUnits(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a === b || a.every((units, i) => units === b[i]);
}

function addFigure(tally: Tally, entityKey: string, figure: SumFigure): void {
  const series = seriesOf(tally, sumKey(figure), figure.family, figure.labels);
  series.bearers++;
  if (isGrowth(figure.amount)) addGrowing(series.growing, entityKey, figure.amount);
  else addInto(series.fixed, figure.amount, 1n);
}

function removeFigure(tally: Tally, entityKey: string, figure: SumFigure): void {
  const key = sumKey(figure);
  const series = tally.series.get(key);
  if (series === undefined) return;
  series.bearers--;
  if (isGrowth(figure.amount)) removeGrowing(series.growing, entityKey);
  else addInto(series.fixed, figure.amount, -1n);
  if (!isShown(series)) tally.series.delete(key);
}

/** Adds a settled entity's final figures for good. Returns the totals that have changed, by series key. */
export function absorbInto(tally: Tally, figures: Figures, finalMs: number): Map<string, readonly bigint[]> {
  const totals = new Map<string, readonly bigint[]>();
  for (const figure of figures.sums) {
    const { family, labels, amount } = figure;
    const key = sumKey(figure);
    const final = isGrowth(amount) ? [growthAt(amount, finalMs)] : amount;
    const series = seriesOf(tally, key, family, labels);
    const sum = [...(series.absorbed ?? zeros(family))];
    addInto(sum, final, 1n);
    series.absorbed = sum;
    totals.set(key, sum);
  }
  return totals;
}

/** Sets what has been absorbed into a series, as read from a store. */
export function putTotal(
  tally: Tally,
  family: Family,
  labels: readonly string[],
  total: readonly bigint[],
): void {
  seriesOf(tally, seriesKey(family.name, labels), family, labels).absorbed = total;
}

export function isShown(series: SumSeries): boolean {
  return series.bearers > 0 || series.absorbed !== null;
}

/**
 * What the partition adds to the series at a page time: one number, or a histogram's parts (see
 * histogramParts).
 */
export function partAt(series: SumSeries, pageTimeMs: number): bigint[] {
  const sum = [...series.fixed];
  if (series.absorbed !== null) addInto(sum, series.absorbed, 1n);
  const grown = grownAt(series.growing, pageTimeMs);
  if (grown !== 0n) addInto(sum, [grown], 1n);
  return sum;
}

function seriesOf(tally: Tally, key: string, family: Family, labels: readonly string[]): SumSeries {
  let series = tally.series.get(key);
  if (series === undefined) {
    series = { family, labels, absorbed: null, fixed: zeros(family), growing: emptyGrowingSum(), bearers: 0 };
    tally.series.set(key, series);
  }
  return series;
}

function zeros(family: Family): bigint[] {
  return new Array<bigint>(partCount(family)).fill(0n);
}

function addInto(sum: bigint[], amounts: readonly bigint[], sign: 1n | -1n): void {
  if (amounts === ZERO) return;
  for (const [i, amount] of amounts.entries()) {
    if (amount !== 0n) sum[i] = (sum[i] ?? 0n) + sign * amount;
  }
}
