import type { GpuSampled } from '../../events/sample';
import { compareOrder } from '../../events/order';
import type { OrderKey } from '../../events/order';
import { INSTANCE_LABELS } from '../catalogue/instance';
import type { DescribedInstance } from '../catalogue/instance';
import { JOB_LABELS } from '../catalogue/job';
import type { DescribedJob } from '../catalogue/job';
import { namesGpu, uuidLabels } from '../catalogue/gpu-vendors';
import { isComposite, isReserved } from '../exposition/passed';
import { timelineOf } from '../fold/entity';
import { shownText } from '../fold/fact';
import type { Sample } from '../fold/sample';
import type { PageEntity } from './bucket';
import type { PageContents } from './contents';
import { escapeLabel } from './format';
import type { Count, LeftOutOfPage } from './left-out';

/**
 * What exporters say of GPUs, value by value, and whose each is: the job's that a GPU was on, or else the instance's (contract,
 * "GPU passthrough"). Jobs and instances live in different partitions, so the join is made here, each time that a page is written.
 */
export interface Row {
  readonly bearer: Bearer;
  readonly sample: Sample;
  readonly exporter: string;
  /** 0: the bearer's own sample; 1: the instance's, given to a job or to the instance itself. */
  readonly via: 0 | 1;
  readonly index: number;
  readonly name: string;
  readonly value: number;
  readonly labels: RowLabels;
}

/** Made once for all values of a series of a sample. */
interface RowLabels {
  /** As the exporter has them. */
  readonly exporters: Readonly<Record<string, string>>;
  /** What stands between the braces. */
  readonly text: string;
  /** Tells series apart: labels in order of name, empty ones left out, as Prometheus sees them. */
  readonly identity: string;
}

export interface Bearer {
  readonly key: string;
  readonly bucket: number;
  readonly kind: 'job' | 'instance';
  readonly project: string;
  readonly labelNames: readonly string[];
  readonly labels: readonly string[];
}

/** How many series may be passed through for one job or instance, and for one project. */
const LIMITS = { bearer: 20_000, project: 5_000_000 };

/** `__name__` is the family's name to Prometheus: as a label beside it, it takes the whole page down. */
const LABEL_NAME = /^(?!__name__$)[a-zA-Z_][a-zA-Z0-9_]*$/;
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** All that is shown, in no order that matters to a reader; each row is a series of its own. */
export function passedRows(contents: PageContents, count: Count, limits = LIMITS): readonly Row[] {
  if (contents.samples.size === 0) return [];
  const rows: Row[] = [];
  for (const job of contents.jobs) {
    const bearer = bearerOf(job);
    for (const sample of contents.samples.get(job.key) ?? []) addRows(rows, sample, 0, () => bearer, count);
  }
  if (hasInstanceSamples(contents)) addInstanceRows(rows, contents, count);
  return within(limits, distinct(rows, count), count);
}

/** The first of the rows that are alike: by exporter, then a job's own sample, then by row. X_total gives way to X. */
function distinct(rows: Row[], count: Count): Row[] {
  const names = new Set(rows.map((row) => row.name));
  // By labels, then names: a GPU's many values share one text, which is read once.
  const seen = new Map<string, Set<string>>();
  rows.sort((a, b) => compareText(a.exporter, b.exporter) || a.via - b.via || a.index - b.index);
  return rows.filter(({ name, labels }) => {
    const named = seen.get(labels.identity) ?? new Set<string>();
    if (named.has(name)) {
      count('alike');
      return false;
    }
    if (name.endsWith('_total') && names.has(name.slice(0, -'_total'.length))) {
      count('total');
      return false;
    }
    seen.set(labels.identity, named.add(name));
    return true;
  });
}

/** Cuts what is above a limit: one whose exporter runs wild must not take the page away from the others. */
function within(limits: typeof LIMITS, rows: Row[], count: Count): Row[] {
  const ofBearer = countBy(rows, ({ bearer }) => bearer.key);
  const ofProject = countBy(rows, ({ bearer }) => bearer.project);
  const isAbove = (counts: ReadonlyMap<string, number>, limit: number): boolean =>
    [...counts.values()].some((n) => n > limit);
  if (!isAbove(ofBearer, limits.bearer) && !isAbove(ofProject, limits.project)) return rows;
  const keptOfBearer = new Map<string, number>();
  const keptOfProject = new Map<string, number>();
  // By bearer, so that which are cut depends on the state alone; those of a bearer stay in their order.
  return rows.toSorted(byBearer).filter(({ bearer }) => {
    const mine = (keptOfBearer.get(bearer.key) ?? 0) + 1;
    const all = (keptOfProject.get(bearer.project) ?? 0) + 1;
    if (mine > limits.bearer || all > limits.project) {
      count(mine > limits.bearer ? 'job_limit' : 'project_limit');
      return false;
    }
    keptOfBearer.set(bearer.key, mine);
    keptOfProject.set(bearer.project, all);
    return true;
  });
}

function countBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return counts;
}

/** Jobs come before instances, so that HELP and TYPE are those of the first job that has the family. */
export function byPlace(a: Row, b: Row): number {
  return byBearer(a, b) || compareText(a.exporter, b.exporter) || a.via - b.via || a.index - b.index;
}

function byBearer({ bearer: a }: Row, { bearer: b }: Row): number {
  const byKind = Number(a.kind === 'instance') - Number(b.kind === 'instance');
  return byKind || a.bucket - b.bucket || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names come from outside: `__proto__` must not find anything. */
export function lookUp<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

// ---- whose an instance's samples are ----------------------------------------------------------------------------

function hasInstanceSamples(contents: PageContents): boolean {
  for (const [sample] of contents.samples.values()) if (sample?.target.kind === 'instance') return true;
  return false;
}

interface Occupant {
  readonly job: PageEntity<DescribedJob>;
  readonly bearer: Bearer;
  readonly gpuUuids: readonly string[] | undefined;
  readonly since: OrderKey;
}

interface Departure {
  readonly finishMs: number;
  readonly gpuUuids: readonly string[] | undefined;
}

function addInstanceRows(rows: Row[], contents: PageContents, count: Count): void {
  const occupants = occupantsOf(contents);
  const departures = departuresOf(contents);
  const instances = new Map(contents.instances.map((instance) => [instance.key, bearerOf(instance)]));
  for (const [target, samples] of contents.samples) {
    const [first] = samples;
    if (first?.target.kind !== 'instance') continue;
    const instanceId = first.target.id;
    for (const sample of samples) {
      const bearerFor = (names: GpuNames): Bearer | undefined => {
        const occupant = occupantAt(occupants.get(instanceId) ?? [], sample, names);
        if (occupant !== undefined) {
          return hasOwnFrom(contents, occupant.job, sample) ? undefined : occupant.bearer;
        }
        const left = departures.get(instanceId)?.some((departure) => leftAfter(departure, sample, names));
        return left === true ? undefined : instances.get(target);
      };
      addRows(rows, sample, 1, bearerFor, count);
    }
  }
}

/** A job that was on the GPU finished after the sample: whose the sample is can't be known any more, so nobody's. */
function leftAfter({ finishMs, gpuUuids }: Departure, sample: Sample, names: GpuNames): boolean {
  if (sample.timeMs >= finishMs) return false;
  return gpuUuids === undefined || names.some((name) => gpuUuids.includes(name));
}

function occupantAt(occupants: readonly Occupant[], sample: Sample, names: GpuNames): Occupant | undefined {
  const [alone] = occupants;
  const isAlone = occupants.length === 1 && alone !== undefined && alone.gpuUuids === undefined;
  return occupants
    .filter(({ gpuUuids, since }) => {
      const isOn = isAlone || names.some((name) => gpuUuids?.includes(name) === true);
      return isOn && since.timeMs <= sample.timeMs;
    })
    .sort((a, b) => compareOrder(a.since, b.since))
    .at(-1);
}

function hasOwnFrom(contents: PageContents, job: PageEntity<DescribedJob>, sample: Sample): boolean {
  const { reading } = sample;
  if (reading.kind !== 'gpu') return false;
  const ofJob = contents.samples.get(job.key) ?? [];
  return ofJob.some(({ reading: of }) => of.kind === 'gpu' && of.exporter === reading.exporter);
}

function occupantsOf(contents: PageContents): Map<string, Occupant[]> {
  const occupants = new Map<string, Occupant[]>();
  for (const job of contents.jobs) {
    const { placement } = job.entity;
    const since = job.entity.timeline.provisioned;
    if (placement?.instanceId === undefined || since === undefined) continue;
    const list = occupants.get(placement.instanceId) ?? [];
    occupants.set(placement.instanceId, list);
    list.push({ job, bearer: bearerOf(job), gpuUuids: placement.gpuUuids, since });
  }
  return occupants;
}

/** Finishes of jobs with GPUs, of undescribed ones too: they were on their GPUs all the same. */
function departuresOf(contents: PageContents): Map<string, Departure[]> {
  const departures = new Map<string, Departure[]>();
  for (const partition of contents.views) {
    for (const entity of partition.entities.values()) {
      const timeline = timelineOf(entity);
      if (timeline.kind !== 'job') continue;
      const { finish, placement } = timeline;
      if (finish === undefined || placement?.instanceId === undefined) continue;
      if (placement.gpuUuids === undefined && (placement.resources.gpu?.count ?? 0) === 0) continue;
      const list = departures.get(placement.instanceId) ?? [];
      departures.set(placement.instanceId, list);
      list.push({ finishMs: finish.timeMs, gpuUuids: placement.gpuUuids });
    }
  }
  return departures;
}

/** What the GPU of a series is called; none: its exporter doesn't say which it is. */
type GpuNames = readonly string[];

function gpuNames(labels: Readonly<Record<string, string>>, uuidLabels: readonly string[]): GpuNames {
  const texts = uuidLabels.map((label) => lookUp(labels, label) ?? '');
  const text = texts.find(namesGpu);
  // nvidia_gpu_exporter leaves out what NVIDIA's UUIDs begin with.
  return text === undefined ? [] : [text, `GPU-${text}`];
}

function bearerOf({ key, bucket, entity }: PageEntity<DescribedInstance | DescribedJob>): Bearer {
  const labelNames = entity.kind === 'job' ? JOB_LABELS : INSTANCE_LABELS;
  return { key, bucket, kind: entity.kind, project: entity.project, labelNames, labels: entity.labels };
}

// ---- the rows of one sample -------------------------------------------------------------------------------------

function addRows(
  rows: Row[],
  sample: Sample,
  via: 0 | 1,
  bearerFor: (names: GpuNames) => Bearer | undefined,
  count: Count,
): void {
  const { reading } = sample;
  if (reading.kind !== 'gpu') return;
  const { exporter, gpu } = reading;
  for (const [index, series] of gpu.series.entries()) {
    const values = Object.entries(series.values);
    if (!Object.keys(series.labels).every((name) => LABEL_NAME.test(name))) {
      count('invalid_label', values.length);
      continue;
    }
    const borne = new Map<readonly string[], Borne | undefined>();
    for (const [name, value] of values) {
      if (value === null) continue;
      const named = uuidLabels(exporter, name);
      if (!borne.has(named)) borne.set(named, borneBy(bearerFor(gpuNames(series.labels, named)), series));
      const by = borne.get(named);
      if (by === undefined) continue;
      const cause = nameFault(name, gpu.families);
      if (cause !== undefined) count(cause);
      else if (!name.startsWith('DCGM_') || !isBlank(name, value)) {
        rows.push({ ...by, sample, exporter, via, index, name, value });
      }
    }
  }
}

type Borne = Pick<Row, 'bearer' | 'labels'>;

function borneBy(
  bearer: Bearer | undefined,
  series: Pick<GpuSampled['series'][number], 'labels'>,
): Borne | undefined {
  return bearer && { bearer, labels: mergeLabels(series.labels, bearer) };
}

/** The exporter's labels first, then the bearer's, which win on a clash. */
function mergeLabels(labels: Readonly<Record<string, string>>, bearer: Bearer): RowLabels {
  const exporters = Object.entries(labels).filter(([name]) => !bearer.labelNames.includes(name));
  const ours = bearer.labelNames.map((name, i) => [name, bearer.labels[i] ?? ''] as const);
  // Lone surrogates are all written alike: what differs in them alone is one series.
  const pairs = [...exporters, ...ours].map(([name, value]) => [name, shownText(value)] as const);
  return {
    exporters: labels,
    text: pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(),
    identity: pairs
      .filter(([, value]) => value !== '')
      .map((pair) => JSON.stringify(pair))
      .sort()
      .join(),
  };
}

function nameFault(
  name: string,
  families: Readonly<Record<string, { readonly type: string }>>,
): LeftOutOfPage | undefined {
  if (isReserved(name)) return 'reserved_name';
  if (!METRIC_NAME.test(name)) return 'invalid_name';
  return isComposite(name, (family) => lookUp(families, family)?.type) ? 'composite' : undefined;
}

/** DCGM's values for "blank", "not found", "not supported", "no permission" (dcgm_structs.h), compared as doubles. */
function isBlank(name: string, value: number): boolean {
  return (
    (value >= 2147483632 && value <= 2147483635) ||
    (value >= 140737488355328 && value <= 140737488355331) ||
    value >= 2 ** 63 ||
    (name === 'DCGM_FI_DEV_GPU_UTIL' && value === 4294967295)
  );
}
