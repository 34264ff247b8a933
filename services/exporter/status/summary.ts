import { KINDS } from '../../../events/kinds';
import { readPage } from '../../exposition/reader';
import { openContents } from '../../page/contents';
import type { PageContents } from '../../page/contents';
import type { Layout } from '../../page/layout';
import { heldLines } from '../../page/held-family';
import type { PartitionView } from '../../view/view';
import { WHOLE_PAGE } from '../../page/selection';
import { shownParts } from '../../page/shown-parts';
import type { ShownPart } from '../../page/shown-parts';
import { WHOLE_FLEET } from './asked';
import type { Asked } from './asked';
import { runningOf } from './running';
import type { Running } from './running';

/**
 * The page in a few figures, for people: each is made from the page's own, holds included. It shares nothing
 * with the views, so it may be kept.
 */
export interface Summary {
  /** By partition number. */
  readonly pageTimesMs: readonly number[];
  readonly total: Totals;
  /** Those that spend most come first. */
  readonly projects: readonly ProjectSummary[];
  /** By model, the most numerous first; the name is empty if it is not known. */
  readonly gpus: readonly GpuSummary[];
  /** `fleetmeter_held`: how far each family is shown above the ledger, in the family's unit. */
  readonly held: readonly { readonly family: string; readonly value: number }[];
  readonly running: Running;
  /** The newest lifecycle `time` taken from each source, the newest first. */
  readonly sources: readonly { readonly source: string; readonly newestMs: number }[];
}

export interface ProjectSummary extends Totals {
  readonly project: string;
}

export interface Totals {
  /** Prices of the instances that cost now, and of those of them that are idle. */
  readonly nanoDollarsPerHour: bigint;
  readonly idleNanoDollarsPerHour: bigint;
  /**
   * `fleetmeter_fleet_cost_dollars_total`, its part while idle, and what jobs and volumes cost:
   * `fleetmeter_usage_…` and `fleetmeter_storage_cost_dollars_total`.
   */
  readonly fleetNanoDollars: bigint;
  readonly idleNanoDollars: bigint;
  readonly usageNanoDollars: bigint;
  readonly storageNanoDollars: bigint;
  /** GPUs of the instances that cost, and those that jobs on the page have. */
  readonly gpus: number;
  readonly gpusInJobs: number;
  readonly counts: Readonly<Record<CountedKind, ReadonlyMap<string, number>>>;
}

/** Kinds of which the page shows how many are in each status. */
type CountedKind = 'instance' | 'run' | 'job';

export interface GpuSummary {
  readonly name: string;
  readonly gpus: number;
  readonly gpusInJobs: number;
}

/**
 * Summarizes what the whole page shows of the partitions, as of each one's page time.
 * @param layout of the same views, kept between summaries and pages
 */
export function summarize(
  views: readonly PartitionView[],
  layout: Layout,
  { filter }: Asked = WHOLE_FLEET,
): Summary {
  // Samples aren't summarized, so none has to be young enough.
  const contents = openContents(views, layout, {
    format: 'text',
    atMs: null,
    sampleTtlMs: 0,
    selection: WHOLE_PAGE,
  });
  const isAsked = (project: string): boolean => filter.project === undefined || filter.project === project;
  const total = emptyTotals();
  const projects = new Map<string, Adding>();
  const adders = (project: string): readonly Adding[] => [total, valueOf(projects, project, emptyTotals)];
  for (const part of shownParts(contents, ({ name }) => SUMMED.has(name))) {
    const project = labelOf(part, 'dstack_project_name');
    if (!isAsked(project)) continue;
    for (const adding of adders(project)) SUMMED.get(part.family.name)?.(adding, part);
  }
  const instances = contents.instances.filter(({ entity }) => isAsked(entity.project));
  const jobs = contents.jobs.filter(({ entity }) => isAsked(entity.project));
  for (const { entity } of instances) {
    const price = BigInt(entity.timeline.nanoDollarsPerHour);
    for (const adding of adders(entity.project)) {
      adding.nanoDollarsPerHour += price;
      if (entity.status === 'idle') adding.idleNanoDollarsPerHour += price;
      adding.gpus += entity.gpuCount;
    }
  }
  for (const { entity } of jobs) {
    for (const adding of adders(entity.project)) adding.gpusInJobs += entity.gpuCount;
  }
  return {
    pageTimesMs: views.map((view) => view.pageTimeMs),
    total,
    projects: [...projects].map(([project, totals]) => ({ project, ...totals })).sort(bySpending),
    gpus: gpusOf({ instances, jobs }),
    running: runningOf(contents, filter),
    held: heldOf(contents),
    sources: sourcesOf(views),
  };
}

// ---- sums -------------------------------------------------------------------------------------------------

type Adding = { -readonly [K in keyof Omit<Totals, 'counts'>]: Totals[K] } & {
  readonly counts: Readonly<Record<CountedKind, Map<string, number>>>;
};

function emptyTotals(): Adding {
  const zeros = (kind: CountedKind): Map<string, number> =>
    new Map(KINDS[kind].statuses.unfinished.map((status) => [status, 0]));
  return {
    nanoDollarsPerHour: 0n,
    idleNanoDollarsPerHour: 0n,
    fleetNanoDollars: 0n,
    idleNanoDollars: 0n,
    usageNanoDollars: 0n,
    storageNanoDollars: 0n,
    gpus: 0,
    gpusInJobs: 0,
    counts: { instance: zeros('instance'), run: zeros('run'), job: zeros('job') },
  };
}

/** What each family's series are added to; the page's other sums are not needed at a glance. */
const SUMMED: ReadonlyMap<string, (adding: Adding, part: ShownPart) => void> = new Map([
  ['fleetmeter_fleet_cost_dollars_total', (adding, part) => void (adding.fleetNanoDollars += unitsOf(part))],
  [
    'fleetmeter_fleet_idle_cost_dollars_total',
    (adding, part) => void (adding.idleNanoDollars += unitsOf(part)),
  ],
  ['fleetmeter_usage_cost_dollars_total', (adding, part) => void (adding.usageNanoDollars += unitsOf(part))],
  [
    'fleetmeter_storage_cost_dollars_total',
    (adding, part) => void (adding.storageNanoDollars += unitsOf(part)),
  ],
  ['fleetmeter_instances', ({ counts }, part) => addCount(counts.instance, part)],
  ['fleetmeter_runs', ({ counts }, part) => addCount(counts.run, part)],
  ['fleetmeter_jobs', ({ counts }, part) => addCount(counts.job, part)],
]);

function addCount(counts: Map<string, number>, part: ShownPart): void {
  const status = labelOf(part, 'status');
  counts.set(status, (counts.get(status) ?? 0) + Number(unitsOf(part)));
}

function unitsOf({ shown }: ShownPart): bigint {
  return shown[0] ?? 0n;
}

function labelOf({ family, labels }: ShownPart, name: string): string {
  return labels[family.labels.indexOf(name)] ?? '';
}

function bySpending(a: ProjectSummary, b: ProjectSummary): number {
  return (
    Number(b.nanoDollarsPerHour - a.nanoDollarsPerHour) ||
    Number(b.fleetNanoDollars - a.fleetNanoDollars) ||
    Number(b.usageNanoDollars - a.usageNanoDollars) ||
    (a.project < b.project ? -1 : 1)
  );
}

// ---- the rest ---------------------------------------------------------------------------------------------

function gpusOf({ instances, jobs }: Pick<PageContents, 'instances' | 'jobs'>): GpuSummary[] {
  const models = new Map<string, { gpus: number; gpusInJobs: number }>();
  const modelOf = (name: string) => valueOf(models, name, () => ({ gpus: 0, gpusInJobs: 0 }));
  for (const { entity } of instances)
    if (entity.gpuCount > 0) modelOf(entity.gpuName).gpus += entity.gpuCount;
  for (const { entity } of jobs)
    if (entity.gpuCount > 0) modelOf(entity.gpuName).gpusInJobs += entity.gpuCount;
  return [...models]
    .map(([name, counts]) => ({ name, ...counts }))
    .sort((a, b) => b.gpus - a.gpus || b.gpusInJobs - a.gpusInJobs || (a.name < b.name ? -1 : 1));
}

/** Read back from the page's own lines. */
function heldOf(contents: PageContents): Summary['held'] {
  const page = readPage(Buffer.from([...heldLines(contents)].join('')), 'text');
  if (page.kind === 'too_large') throw new Error(`there are not that many families: ${page.detail}`);
  return page.samples.map(({ labels, value }) => ({ family: labels.get('family') ?? '', value }));
}

function sourcesOf(views: readonly PartitionView[]): Summary['sources'] {
  const newest = new Map<string, number>();
  for (const { sources } of views) {
    for (const [source, timeMs] of sources)
      newest.set(source, Math.max(newest.get(source) ?? timeMs, timeMs));
  }
  return [...newest]
    .map(([source, newestMs]) => ({ source, newestMs }))
    .sort((a, b) => b.newestMs - a.newestMs || (a.source < b.source ? -1 : 1));
}

function valueOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
