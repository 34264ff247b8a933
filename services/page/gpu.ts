import { GPU_FAMILIES, GPU_LABELS, type GpuFamily } from '../catalogue/gpu';
import { type GpuSource, type GpuVendor, gpuField, namesGpu } from '../catalogue/gpu-vendors';
import { shownText } from '../fold/fact';
import { piecesOf } from './block';
import type { Block } from './block';
import type { PageContents } from './contents';
import { formatLabels, formatValue } from './format';
import type { Count } from './left-out';
import { type Bearer, type Row, byPlace, lookUp } from './rows';
import { inProject, inShard } from './selection';

/** A GPU, or a slice of one, as a job or an instance has it. */
interface Gpu {
  readonly bearer: Bearer;
  readonly vendor: GpuVendor;
  /** In the order of GPU_LABELS. */
  readonly labels: readonly string[];
  readonly isSlice: boolean;
  /** By the name that the vendor's table has for the field. */
  readonly fields: Map<string, number>;
}

/**
 * The vendor-neutral figures (services/catalogue/gpu.ts), of what is passed through: so they are a job's as long as its samples are,
 * and no figure is made of a value that is absent, or that no GPU can give. A row that doesn't say which GPU it is of has none.
 */
export function gpuBlocks(contents: PageContents, passed: readonly Row[], count: Count): Block[] {
  const gpus = gpusOf(passed);
  return GPU_FAMILIES.map((family) => ({
    ...family,
    pieces: piecesOf(lines(contents, family, gpus, count)),
  }));
}

function gpusOf(passed: readonly Row[]): Gpu[] {
  const gpus = new Map<string, Gpu>();
  for (const row of passed.filter(({ name }) => gpuField(name) !== undefined).sort(byPlace)) {
    const known = gpuField(row.name);
    if (known === undefined || saysNothing(known.vendor, known.field, row)) continue;
    const { vendor, field } = known;
    const identity = identityOf(vendor, row);
    if (identity === undefined) continue;
    const labels = [vendor.vendor, ...identity];
    const key = JSON.stringify([row.bearer.kind, ...row.bearer.labels.map(shownText), ...labels]);
    const gpu = gpus.get(key) ?? {
      bearer: row.bearer,
      vendor,
      labels,
      isSlice: identity[2] !== '',
      fields: new Map(),
    };
    gpus.set(key, gpu);
    // Of a GPU that two pods share there are two rows, of which the first holds.
    if (!gpu.fields.has(field)) gpu.fields.set(field, row.value);
  }
  return [...gpus.values()];
}

/** A blank value, or a row of the family that says something else. */
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

function lines(contents: PageContents, family: GpuFamily, gpus: readonly Gpu[], count: Count): string[] {
  const { selection } = contents;
  const written: string[] = [];
  for (const gpu of gpus) {
    const value = valueOf(family, gpu, count);
    const { bearer, labels } = gpu;
    if (value === undefined) continue;
    if (!inProject(selection, bearer.project) || !inShard(selection, bearer.bucket)) continue;
    const text = formatLabels([...GPU_LABELS, ...bearer.labelNames], [...labels, ...bearer.labels]);
    written.push(`${family.name}{${text}} ${formatValue(value)}\n`);
  }
  return written;
}

/** Of the first source that is there and possible. */
function valueOf({ figure, range }: GpuFamily, gpu: Gpu, count: Count): number | undefined {
  const [least, most] = range;
  let zero: number | undefined;
  for (const source of gpu.vendor.sources[figure] ?? []) {
    const value = sourceValue(source, gpu);
    if (value === undefined) continue;
    if (value >= least && value <= most) {
      if (value !== 0 || source.zeroIsNoSensor !== true) return value;
      zero = value;
    } else {
      count('out_of_range');
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
