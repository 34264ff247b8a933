import type { Sample } from '../../exposition/page';
import { isDeletedName } from './describe';
import { readLongPage } from './page';

/** A page, and the moment that it is of, by the same clock for both. */
export interface PageAt {
  readonly bytes: Buffer;
  readonly atMs: number;
}

export interface Comparison {
  /** Series that are the same on both pages. */
  readonly same: number;
  readonly differences: readonly Difference[];
  /** How many series can't be compared, by reason. */
  readonly notComparable: ReadonlyMap<string, number>;
}

export interface Difference {
  /** As on both pages. */
  readonly series: string;
  /** Undefined: it is missing. */
  readonly dstack: number | undefined;
  readonly fleetmeter: number | undefined;
}

const DURATIONS: ReadonlySet<string> = new Set([
  'dstack_instance_duration_seconds_total',
  'dstack_job_duration_seconds_total',
]);
const RUNS = /^dstack_run_count(?:_terminated|_failed|_done)?_total$/;
const EXACT: ReadonlySet<string> = new Set([
  'dstack_instance_price_dollars_per_hour',
  'dstack_instance_gpu_count',
  'dstack_job_price_dollars_per_hour',
  'dstack_job_gpu_count',
  'dstack_job_cpu_count',
  'dstack_job_memory_total_bytes',
]);
const USAGE = /^dstack_job_(?:cpu_time|memory_(?:usage|working)|gpu_(?:usage|memory))/;
const QUEUE = /^dstack_(?:submit_to_provision|pending_runs)/;

const WHY = {
  queue: 'queue families: dstack counts them from the start of each of its processes',
  usage: 'usage: another sample, or older than fleetmeter shows one',
  renamed: 'runs of users and projects that dstack has deleted, and renamed',
  other: 'families that only one of them has, such as DCGM and fleetmeter_*',
} as const;

/**
 * Compares the instance, run and job families, series by series.
 * @param toleranceMs by how much the moments may be wrong
 */
export function comparePages(dstack: PageAt, fleetmeter: PageAt, toleranceMs: number): Comparison {
  const [theirs, ours] = [seriesOf(dstack.bytes), seriesOf(fleetmeter.bytes)];
  const laterSeconds = (fleetmeter.atMs - dstack.atMs) / 1000;
  const notComparable = new Map<string, number>();
  const differences: (Difference & { readonly sample: Sample })[] = [];
  let same = 0;
  const leaveOut = (why: string): void => void notComparable.set(why, (notComparable.get(why) ?? 0) + 1);

  for (const [series, sample] of union(theirs, ours)) {
    const values = { dstack: theirs.get(series)?.value, fleetmeter: ours.get(series)?.value };
    const { name } = sample;
    const isDuration = DURATIONS.has(name);
    if (QUEUE.test(name)) leaveOut(WHY.queue);
    else if (isDuration || EXACT.has(name) || RUNS.test(name)) {
      const off = (values.fleetmeter ?? NaN) - (values.dstack ?? NaN) - (isDuration ? laterSeconds : 0);
      if (Math.abs(off) <= (isDuration ? toleranceMs / 1000 : 1e-9)) same++;
      else differences.push({ series, ...values, sample });
    } else if (USAGE.test(name)) {
      if (values.dstack === values.fleetmeter) same++;
      else leaveOut(WHY.usage);
    } else leaveOut(WHY.other);
  }
  const renamed = openRenamed(theirs, ours);
  const left = differences.filter(({ sample }) => {
    if (!renamed(sample)) return true;
    leaveOut(WHY.renamed);
    return false;
  });
  return { same, differences: left.map(({ sample: _sample, ...difference }) => difference), notComparable };
}

function union(a: ReadonlyMap<string, Sample>, b: ReadonlyMap<string, Sample>): Map<string, Sample> {
  return new Map([...a, ...b]);
}

function seriesOf(bytes: Buffer): Map<string, Sample> {
  const series = new Map<string, Sample>();
  for (const { samples } of readLongPage(bytes))
    for (const sample of samples) series.set(keyOf(sample), sample);
  return series;
}

function keyOf({ name, labels }: Sample): string {
  return `${name}{${[...labels].map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',')}}`;
}

/**
 * Whether a run family's series is one that dstack has moved to another name: those of a deleted project;
 * and, if the sums over all users of a project are the same on both pages, those of its users.
 */
function openRenamed(
  theirs: ReadonlyMap<string, Sample>,
  ours: ReadonlyMap<string, Sample>,
): (sample: Sample) => boolean {
  const [theirRuns, ourRuns] = [theirs, ours].map((page) => sumsOf(page.values()));
  const projects = new Set([...theirs.values()].map(projectOf));
  const isProjectDeleted = [...projects].some(isDeletedName);
  return (sample) => {
    if (!RUNS.test(sample.name)) return false;
    const project = projectOf(sample);
    if (isDeletedName(project)) return true;
    if (isProjectDeleted && !projects.has(project)) return true;
    const key = sumKey(sample);
    const theirSum = theirRuns?.get(key);
    return theirSum?.hasDeleted === true && theirSum.sum === ourRuns?.get(key)?.sum;
  };
}

interface Sum {
  readonly sum: number;
  readonly hasDeleted: boolean;
}

function sumsOf(samples: Iterable<Sample>): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const sample of samples) {
    if (!RUNS.test(sample.name)) continue;
    const before = sums.get(sumKey(sample)) ?? { sum: 0, hasDeleted: false };
    const isDeleted = isDeletedName(sample.labels.get('dstack_user_name') ?? '');
    sums.set(sumKey(sample), {
      sum: before.sum + sample.value,
      hasDeleted: before.hasDeleted || isDeleted,
    });
  }
  return sums;
}

function sumKey(sample: Sample): string {
  return `${sample.name} ${projectOf(sample)}`;
}

function projectOf({ labels }: Sample): string {
  return labels.get('dstack_project_name') ?? '';
}
