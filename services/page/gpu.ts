import { GPU_FAMILIES, GPU_LABELS } from '../catalogue/gpu';
import type { GpuFamily } from '../catalogue/gpu';
import { gpuField, namesGpu } from '../catalogue/gpu-vendors';
import type { GpuSource, GpuVendor } from '../catalogue/gpu-vendors';
import { shownText } from '../fold/fact';
import { lookUp } from './attribution';
import { BEARER_LABELS } from './bearer';
import type { Bearer } from './bearer';
import type { Block, Piece } from './block';
import { formatLabels } from './format';
import { openLineWriter } from './line-writer';
import type { Row } from './rows';

/** A GPU, or a slice of one, of a job or an instance. */
interface Gpu {
  readonly vendor: GpuVendor;
  /** In the order of GPU_LABELS. */
  readonly labels: readonly string[];
  readonly isSlice: boolean;
  /** By the name that the vendor's table has for the field. */
  readonly fields: Map<string, number>;
}

/** The vendor-neutral figures of a bearer's GPUs. */
export interface GpuFigures {
  /** By GPU: `{labels} `. */
  readonly labels: readonly Buffer[];
  /** By GPU and family of GPU_FAMILIES; NaN: there is none. */
  readonly values: Float64Array;
  /** How many values were impossible. */
  readonly outOfRange: number;
}

const NONE: GpuFigures = { labels: [], values: new Float64Array(), outOfRange: 0 };

/**
 * The vendor-neutral figures (services/catalogue/gpu.ts), made from what is passed through: so a job has them
 * as long as it has samples, and no figure is made from a value that is absent or impossible. A row that
 * doesn't say which GPU it is about has none.
 */
export function gpuFigures({ kind, labels }: Bearer, rows: readonly Row[]): GpuFigures {
  const gpus = gpusOf(rows);
  if (gpus.length === 0) return NONE;
  let outOfRange = 0;
  const onOutOfRange = (): void => {
    outOfRange++;
  };
  const names = [...GPU_LABELS, ...BEARER_LABELS[kind]];
  return {
    labels: gpus.map((gpu) => Buffer.from(`{${formatLabels(names, [...gpu.labels, ...labels])}} `)),
    values: Float64Array.from(
      gpus.flatMap((gpu) => GPU_FAMILIES.map((family) => valueOf(family, gpu, onOutOfRange) ?? NaN)),
    ),
    outOfRange,
  };
}

/** @param figures by bearer */
export function* gpuBlocks(figures: readonly GpuFigures[]): Generator<Block> {
  for (const [at, family] of GPU_FAMILIES.entries())
    yield { ...family, pieces: piecesAt(figures, at, Buffer.from(family.name)) };
}

function* piecesAt(figures: readonly GpuFigures[], at: number, name: Buffer): Generator<Piece> {
  const writer = openLineWriter();
  for (const { labels: ofGpus, values } of figures) {
    for (const [gpu, labels] of ofGpus.entries()) {
      const value = values[gpu * GPU_FAMILIES.length + at] ?? NaN;
      const full = Number.isNaN(value) ? undefined : writer.add(name, labels, value);
      if (full !== undefined) yield full;
    }
  }
  const rest = writer.end();
  if (rest !== undefined) yield rest;
}

function gpusOf(passed: readonly Row[]): Gpu[] {
  const gpus = new Map<string, Gpu>();
  for (const row of passed) {
    const known = gpuField(row.name);
    if (known === undefined || saysNothing(known.vendor, known.field, row)) continue;
    const { vendor, field } = known;
    const identity = identityOf(vendor, row);
    if (identity === undefined) continue;
    const labels = [vendor.vendor, ...identity];
    const key = JSON.stringify(labels);
    const gpu = gpus.get(key) ?? { vendor, labels, isSlice: identity[2] !== '', fields: new Map() };
    gpus.set(key, gpu);
    // A GPU shared by two pods has two rows, the first of which counts.
    if (!gpu.fields.has(field)) gpu.fields.set(field, row.value);
  }
  return [...gpus.values()];
}

/** A blank value, or a row of the family that is about something else. */
function saysNothing({ rows, blanks }: GpuVendor, field: string, { labels, value }: Row): boolean {
  if (blanks?.[field]?.includes(value) === true) return true;
  const wanted = rows?.[field];
  if (wanted === undefined) return false;
  const [label, text] = wanted;
  return (lookUp(labels.exporters, label) ?? text) !== text;
}

function identityOf(vendor: GpuVendor, { labels }: Row): readonly [string, string, string] | undefined {
  const first = (names: readonly string[], isName: (text: string) => boolean): string => {
    for (const name of names) {
      const value = lookUp(labels.exporters, name);
      if (value !== undefined && isName(value)) return shownText(value);
    }
    return '';
  };
  const { uuid, gpu, gpuInstance } = vendor.identity;
  const identity = [first(uuid, namesGpu), first(gpu, isNumber), first(gpuInstance, isNumber)] as const;
  return identity[0] === '' && identity[1] === '' ? undefined : identity;
}

/** GPUs and slices are counted from 0, which no UUID is. */
function isNumber(text: string): boolean {
  return text === '0' || namesGpu(text);
}

/** From the first source that is present and possible. */
function valueOf({ figure, range }: GpuFamily, gpu: Gpu, onOutOfRange: () => void): number | undefined {
  const [least, most] = range;
  let zero: number | undefined;
  for (const source of gpu.vendor.sources[figure] ?? []) {
    const value = sourceValue(source, gpu);
    if (value === undefined) continue;
    if (value >= least && value <= most) {
      if (value !== 0 || source.zeroIsNoSensor !== true) return value;
      zero = value;
    } else {
      onOutOfRange();
    }
  }
  return zero;
}

function sourceValue(source: GpuSource, { isSlice, fields }: Gpu): number | undefined {
  const { of, and, times = 1, per = 1, sliceOnly } = source;
  if (sliceOnly === true && !isSlice) return undefined;
  const terms = of.map((name) => fields.get(name));
  if (!terms.every((term) => term !== undefined)) return undefined;
  const sum = terms.reduce((a, b) => a + b, (and === undefined ? undefined : fields.get(and)) ?? 0);
  return (sum * times) / per;
}
