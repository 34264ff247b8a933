import type { JobSampled } from '../../events/sample';
import { SUM_FAMILIES } from '../catalogue/families';
import { CATALOGUE } from '../catalogue/kinds';
import { growthAt, isGrowth, toDouble } from '../catalogue/family';
import type { Family } from '../catalogue/family';
import type { OwnFigure } from '../catalogue/figures';
import { JOB_LABELS } from '../catalogue/job';
import type { JobView } from '../catalogue/job';
import { seriesKey } from '../catalogue/tally';
import { USAGE_FAMILIES } from '../catalogue/usage';
import type { UsageFamily } from '../catalogue/usage';
import { shapesOf } from '../catalogue/shape';
import type { PageFigures, Shown } from './contents';
import { formatLabels, formatValue } from './format';
import { highest, isHeldFamily, ledgerOfOwn } from '../view/hold';
import type { Block } from './block';
import type { PartitionView } from '../view/view';
import { inFirstShard, inProject, inShard } from './selection';
import { isOfProject, shownParts } from './sums';

/** Families of one entity a series. All of an entity's families but few bear the same labels: they are escaped once and kept. */
const labelTexts = new WeakMap<readonly string[], string>();

function labelText(names: readonly string[], values: readonly string[]): string {
  let text = labelTexts.get(values);
  if (text === undefined) {
    text = formatLabels(names, values);
    labelTexts.set(values, text);
  }
  return text;
}

export function* ownBlocks(figures: PageFigures): Generator<Block> {
  const selected = figures.shown.filter((one) => isSelected(figures, one));
  for (const [kind, { own }] of Object.entries<{ readonly own: readonly Family[] }>(CATALOGUE)) {
    const ofKind = selected.filter(({ entity }) => entity.kind === kind);
    for (const [at, family] of own.entries()) yield { ...family, lines: ownLines(figures, ofKind, at) };
  }
}

function isSelected({ selection }: PageFigures, { key, entity }: Shown): boolean {
  return inProject(selection, entity.project) && inShard(selection, key);
}

/** All entities of a kind have the same own families, in the same order. */
function* ownLines(figures: PageFigures, shown: readonly Shown[], at: number): Generator<string> {
  for (const one of shown) {
    const figure = one.figures.own[at];
    if (figure === undefined) continue;
    const labels = labelText(figure.family.labels, figure.labels);
    yield `${figure.family.name}{${labels}} ${ownValue(figures, one.partition, figure)}\n`;
  }
}

function ownValue(figures: PageFigures, partition: PartitionView, figure: OwnFigure): string {
  const { family, value } = figure;
  const atMs = figures.timeOf(partition);
  if (partition.holds.size > 0 && !figures.isAt && isHeldFamily(family)) {
    const hold = partition.holds.get(seriesKey(family.name, figure.labels));
    if (hold !== undefined) {
      const [units = 0n] = highest(ledgerOfOwn(figure, atMs), hold.shown);
      return formatValue(toDouble(units, family.per));
    }
  }
  return formatValue(isGrowth(value) ? toDouble(growthAt(value, atMs), family.per) : value);
}

interface Sampled {
  readonly job: JobView;
  readonly usage: JobSampled;
}

export function* usageBlocks(figures: PageFigures): Generator<Block> {
  const sampled = figures.jobs
    .filter((job) => isSelected(figures, job))
    .flatMap((job) => sampledOf(figures, job));
  for (const family of USAGE_FAMILIES) {
    yield { ...family, lines: usageLines(sampled, family) };
  }
}

function sampledOf(figures: PageFigures, { key, entity }: Shown<JobView>): readonly Sampled[] {
  const reading = figures.samples.get(key)?.find((sample) => sample.reading.kind === 'usage')?.reading;
  return reading?.kind === 'usage' ? [{ job: entity, usage: reading.usage }] : [];
}

function* usageLines(sampled: readonly Sampled[], family: UsageFamily): Generator<string> {
  const extraNames = family.labels.slice(JOB_LABELS.length);
  for (const { job, usage } of sampled) {
    const own = labelText(JOB_LABELS, job.labels);
    for (const [extra, value] of family.seriesOf(job, usage)) {
      const labels = extra.length === 0 ? own : `${own},${labelText(extraNames, extra)}`;
      yield `${family.name}{${labels}} ${formatValue(value)}\n`;
    }
  }
}

// ---- sums ------------------------------------------------------------------------------------------------------

interface PagedSum {
  readonly labels: readonly string[];
  units: readonly bigint[];
}

export function* sumBlocks(figures: PageFigures): Generator<Block> {
  const byFamily = sumSeries(figures);
  for (const family of SUM_FAMILIES.values()) {
    const series = byFamily.get(family.name);
    if (series === undefined) continue;
    const inOrder = [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
    yield { ...family, lines: sumLines(family, inOrder) };
  }
}

/** Adds up what the partitions show of each series, by family and key. */
function sumSeries(figures: PageFigures): Map<string, Map<string, PagedSum>> {
  const byFamily = new Map<string, Map<string, PagedSum>>();
  if (!inFirstShard(figures.selection)) return byFamily;
  const isWanted = (family: Family, labels: readonly string[]): boolean =>
    isOfProject(figures, family, labels);
  for (const { key, family, labels, shown } of shownParts(figures, isWanted)) {
    const ofFamily = byFamily.get(family.name) ?? new Map<string, PagedSum>();
    byFamily.set(family.name, ofFamily);
    const paged = ofFamily.get(key);
    if (paged === undefined) ofFamily.set(key, { labels, units: shown });
    else paged.units = paged.units.map((n, i) => n + (shown[i] ?? 0n));
  }
  return byFamily;
}

function* sumLines(family: Family, sums: readonly PagedSum[]): Generator<string> {
  const shapes = shapesOf(family);
  for (const { labels, units } of sums) {
    const own = formatLabels(family.labels, labels);
    for (const { suffix, le, per, at } of shapes) {
      const bucket = le === undefined ? '' : `,le="${le}"`;
      yield `${family.name}${suffix}{${own}${bucket}} ${formatValue(toDouble(units[at] ?? 0n, per))}\n`;
    }
  }
}
