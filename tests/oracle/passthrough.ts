/** GPU passthrough: exporters' series under the labels of the jobs and instances that they belong to. */
import { latest, type Life } from './entity';
import { type Figures, type Labels } from './figures';
import { namesOne, writeGpus, type Candidate } from './gpu';
import { entriesAt, listAt, textAt } from './json';
import { compare, compareText, instanceKey, jobKey, type Fact, type Sample } from './read';
import { type Samples } from './samples';

export interface ShownJob {
  readonly runId: string;
  readonly jobId: string;
  readonly labels: Labels;
  readonly since: Fact;
  readonly life: Life;
}
export interface Passthrough {
  showInstance(id: string, labels: Labels): void;
  showJob(job: ShownJob): void;
  /** A job of that instance has finished; `uuids` undefined: it was on all of its GPUs. */
  finishJob(instanceId: string, finishMs: number, uuids: readonly unknown[] | undefined): void;
  /** Puts the series, once all entities are known. */
  write(): void;
}

interface Occupant {
  readonly labels: Labels;
  readonly since: Fact;
  readonly uuids: readonly unknown[] | undefined;
  /** Exporters that have a sample of this job's own on the page. */
  readonly exporters: ReadonlySet<string | undefined>;
}

export function openPassthrough(figures: Figures, samples: Samples): Passthrough {
  const instances = new Map<string, Labels>();
  const occupants = new Map<string, Occupant[]>();
  const finishes = new Map<string, { finishMs: number; uuids: readonly unknown[] | undefined }[]>();
  const jobs: ShownJob[] = [];

  function showJob(job: ShownJob): void {
    jobs.push(job);
    const instanceId = latest(job.life.provisions, 'instance.id');
    if (typeof instanceId !== 'string') return;
    const uuids = latest(job.life.provisions, 'instance.gpu_uuids');
    const exporters = new Set(samples.current(jobKey(job.runId, job.jobId)).map((sample) => sample.exporter));
    const occupant: Occupant = {
      labels: job.labels,
      since: job.since,
      uuids: Array.isArray(uuids) ? uuids : undefined,
      exporters,
    };
    append(occupants, instanceId, occupant);
  }

  /** The job whose series this is by the contract's rule, if any. */
  function ownerOf(instanceId: string, sample: Sample, names: readonly string[]): Occupant | undefined {
    const there = occupants.get(instanceId) ?? [];
    const [alone] = there;
    const claims =
      there.length === 1 && alone !== undefined && alone.uuids === undefined
        ? there
        : there.filter((job) => names.some((name) => job.uuids?.includes(name)));
    return claims
      .filter((job) => job.since.timeMs <= sample.timeMs)
      .sort((a, b) => compare(a.since, b.since))
      .at(-1);
  }

  /** Whose labels a value of an instance's sample bears; undefined if it is not shown. */
  function bearerOf(instanceId: string, sample: Sample, row: unknown, family: string): Labels | undefined {
    const names = gpuNames(sample.exporter, row, family);
    const owner = ownerOf(instanceId, sample, names);
    if (owner !== undefined) return owner.exporters.has(sample.exporter) ? undefined : owner.labels;
    const left = (finishes.get(instanceId) ?? []).some(
      ({ finishMs, uuids }) =>
        sample.timeMs < finishMs && (uuids === undefined || names.some((name) => uuids.includes(name))),
    );
    return left ? undefined : instances.get(instanceId);
  }

  function candidates(): Candidate[] {
    const found: Candidate[] = [];
    for (const job of jobs) {
      for (const sample of samples.current(jobKey(job.runId, job.jobId))) {
        listAt(sample.data, 'series').forEach((row, index) => {
          found.push(...valuesOf(sample, index, row, () => job.labels));
        });
      }
    }
    for (const target of samples.targets()) {
      for (const sample of samples.current(target)) {
        const instanceId = textAt(sample.data, 'instance.id');
        if (instanceKey(instanceId) !== target) continue;
        listAt(sample.data, 'series').forEach((row, index) => {
          found.push(...valuesOf(sample, index, row, (family) => bearerOf(instanceId, sample, row, family)));
        });
      }
    }
    return found.sort((a, b) => compareText(a.exporter, b.exporter) || a.row - b.row);
  }

  function write(): void {
    const offered = candidates();
    const names = new Set(offered.map(({ name }) => name));
    const shown = new Set<string>();
    const all: Candidate[] = [];
    for (const candidate of offered) {
      const { name, labels, value } = candidate;
      if (name.endsWith('_total') && names.has(name.slice(0, -'_total'.length))) continue;
      const alike = identityOf(name, labels);
      if (shown.has(alike)) continue;
      shown.add(alike);
      figures.put(name, labels, value);
      all.push(candidate);
    }
    writeGpus(figures, all);
  }

  return {
    showInstance: (id, labels) => void instances.set(id, labels),
    showJob,
    finishJob: (instanceId, finishMs, uuids) => append(finishes, instanceId, { finishMs, uuids }),
    write,
  };
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key) ?? [];
  list.push(item);
  lists.set(key, list);
}

/** An empty label is none, and their order says nothing. */
function identityOf(name: string, labels: Labels): string {
  const pairs = labels.filter(([, value]) => value !== '').sort((a, b) => compareText(a[0], b[0]));
  return JSON.stringify([name, pairs]);
}

/** What the GPU of a value is called: DCGM and AMD have labels of their own for that. */
function gpuNames(exporter: string | undefined, row: unknown, family: string): readonly string[] {
  const labels = family.startsWith('DCGM_')
    ? ['UUID']
    : exporter === 'amd'
      ? ['gpu_uuid', 'serial_number']
      : ['uuid', 'UUID', 'gpu_uuid'];
  const [name] = labels.map((label) => textAt(row, `labels.${label}`)).filter(namesOne);
  return name === undefined ? [] : [name, `GPU-${name}`];
}

function valuesOf(
  sample: Sample,
  row: number,
  content: unknown,
  bearerOf: (family: string) => Labels | undefined,
): Candidate[] {
  const theirs = entriesAt(content, 'labels').map(([key, value]) => [key, String(value)] as const);
  if (!theirs.every(([key]) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key))) return [];
  const found: Candidate[] = [];
  for (const [name, value] of entriesAt(content, 'values')) {
    if (typeof value !== 'number' || isBlank(name, value) || isLeftOut(sample, name)) continue;
    const ours = bearerOf(name);
    if (ours === undefined) continue;
    const taken = new Set(ours.map(([key]) => key));
    const labels = [...theirs.filter(([key]) => !taken.has(key)), ...ours];
    found.push({ exporter: sample.exporter ?? '', row, name, labels, theirs, ours, value });
  }
  return found;
}

/** DCGM's "not supported", compared as doubles. */
function isBlank(name: string, value: number): boolean {
  if (!name.startsWith('DCGM_')) return false;
  return (
    (value >= 2147483632 && value <= 2147483635) ||
    (value >= 140737488355328 && value <= 140737488355331) ||
    value >= 2 ** 63 ||
    (name === 'DCGM_FI_DEV_GPU_UTIL' && value === 4294967295)
  );
}

function isLeftOut(sample: Sample, name: string): boolean {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) return true;
  if (name.startsWith('dstack_') || name.startsWith('fleetmeter_')) return true;
  const stem = name.replace(/_(?:bucket|sum|count|created)$/, '');
  const types = new Map(
    entriesAt(sample.data, 'families').map(([family, about]) => [
      family,
      textAt(about, 'type').toLowerCase(),
    ]),
  );
  return [name, stem].some((family) =>
    ['histogram', 'gaugehistogram', 'summary'].includes(types.get(family) ?? ''),
  );
}
