import {
  GPU_FAMILIES,
  GPU_FIELD_VENDORS,
  GPU_IDENTITY,
  GPU_LABELS,
  type GpuFamily,
  type GpuSource,
  type GpuVendor,
} from '../catalogue/gpu';
import { shownText } from '../fold/fact';
import type { Block } from './block';
import type { PageFigures } from './contents';
import { formatLabels, formatValue } from './format';
import { type Bearer, type Row, byPlace, own } from './rows';
import { inProject, inShard } from './selection';

/** A GPU, or a slice of one, as a job or an instance has it. */
interface Gpu {
  readonly bearer: Bearer;
  readonly vendor: GpuVendor;
  /** In the order of GPU_LABELS. */
  readonly labels: readonly string[];
  readonly isSlice: boolean;
  /** By the exporter's name of the field. */
  readonly fields: Map<string, number>;
}

/**
 * The vendor-neutral figures (services/catalogue/gpu.ts), of what is passed through: so they are a job's as long as its samples are,
 * and no figure is made of a value that is absent. A row that doesn't say which GPU it is of has none.
 */
export function* gpuBlocks(figures: PageFigures, passed: readonly Row[]): Generator<Block> {
  const gpus = gpusOf(passed);
  for (const family of GPU_FAMILIES) yield { ...family, lines: lines(figures, family, gpus) };
}

function gpusOf(passed: readonly Row[]): Gpu[] {
  const gpus = new Map<string, Gpu>();
  for (const row of passed.filter(({ name }) => GPU_FIELD_VENDORS.has(name)).sort(byPlace)) {
    const vendor = GPU_FIELD_VENDORS.get(row.name);
    const identity = vendor === undefined ? undefined : identityOf(vendor, row);
    if (vendor === undefined || identity === undefined) continue;
    const labels = [vendor, ...identity];
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
    if (!gpu.fields.has(row.name)) gpu.fields.set(row.name, row.value);
  }
  return [...gpus.values()];
}

function identityOf(vendor: GpuVendor, { labels }: Row): readonly [string, string, string] | undefined {
  const first = (names: readonly string[]): string => {
    for (const name of names) {
      const value = own(labels.exporters, name);
      if (value !== undefined && value !== '') return shownText(value);
    }
    return '';
  };
  const { uuid, gpu, gpu_instance: slice } = GPU_IDENTITY[vendor];
  const identity = [first(uuid), first(gpu), first(slice)] as const;
  return identity[0] === '' && identity[1] === '' ? undefined : identity;
}

function* lines({ selection }: PageFigures, family: GpuFamily, gpus: readonly Gpu[]): Generator<string> {
  for (const { bearer, vendor, labels, isSlice, fields } of gpus) {
    if (!inProject(selection, bearer.project) || !inShard(selection, bearer.key)) continue;
    const value = valueOf(family.sources[vendor], isSlice, fields);
    if (value === undefined || !Number.isFinite(value)) continue;
    // A counter below 0 is none, and OpenMetrics takes the whole page down for it.
    if (family.type === 'counter' && value < 0) continue;
    const text = formatLabels([...GPU_LABELS, ...bearer.labelNames], [...labels, ...bearer.labels]);
    yield `${family.name}{${text}} ${formatValue(value)}\n`;
  }
}

/** Of the first source that is there. */
function valueOf(
  sources: readonly GpuSource[],
  isSlice: boolean,
  fields: ReadonlyMap<string, number>,
): number | undefined {
  for (const { of, and, times = 1, per = 1, sliceOnly } of sources) {
    if (sliceOnly === true && !isSlice) continue;
    const terms = of.map((name) => fields.get(name));
    if (!terms.every((term) => term !== undefined)) continue;
    const sum = terms.reduce((a, b) => a + b, (and === undefined ? undefined : fields.get(and)) ?? 0);
    return (sum * times) / per;
  }
  return undefined;
}
