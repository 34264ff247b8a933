import { GPU_VENDORS, gpuField } from '../catalogue/gpu-vendors';
import { figuresOf } from '../catalogue/figures';
import { NANO } from '../catalogue/money';
import type { Sample } from '../fold/sample';
import { openContents } from '../page/contents';
import type { PageContents } from '../page/contents';
import { WHOLE_PAGE } from '../page/selection';
import { ENTITY } from '../view/entries';
import type { Pages } from './pages';

/** The fleet, or a project, at a moment; for charts of the last hours. */
export interface TrendPoint {
  readonly timeMs: number;
  readonly dollarsPerHour: number;
  readonly idleDollarsPerHour: number;
  readonly gpus: number;
  readonly gpusInJobs: number;
  /** Sum of the GPUs' utilization ratios, of those whose exporter says one. */
  readonly gpusUsed: number;
}

/** What this process has seen of the fleet since it started: for more there is Prometheus. */
export interface Trend {
  /** @param project undefined: of the whole fleet */
  points(project: string | undefined): readonly TrendPoint[];
  stop(): void;
}

type Moment = ReadonlyMap<string | undefined, TrendPoint>;

const EVERY_MS = 30_000;
/** Six hours of them. */
const KEPT = 720;

export function openTrend(pages: Pick<Pages, 'read'>, sampleTtlMs: number, everyMs = EVERY_MS): Trend {
  const moments: Moment[] = [];

  async function look(): Promise<void> {
    const moment = await pages.read((refreshed, layout) => {
      if (refreshed.kind !== 'ready') return undefined;
      const request = { format: 'text' as const, atMs: null, sampleTtlMs, selection: WHOLE_PAGE };
      return momentOf(openContents(refreshed.views, layout, request), Date.now());
    });
    if (moment === undefined) return;
    moments.push(moment);
    if (moments.length > KEPT) moments.shift();
  }

  // If the store is away there is no point; the next attempt may find it.
  const lookAgain = (): void => void look().catch(() => undefined);
  const timer = setInterval(lookAgain, everyMs);
  timer.unref();
  lookAgain();
  return {
    points: (project) => moments.flatMap((moment) => moment.get(project) ?? []),
    stop() {
      clearInterval(timer);
    },
  };
}

type Adding = { -readonly [K in keyof TrendPoint]: TrendPoint[K] };

function momentOf(contents: PageContents, timeMs: number): Moment {
  const moment = new Map<string | undefined, Adding>();
  const addersOf = (project: string): Adding[] =>
    [undefined, project].map((name) => {
      const known = moment.get(name) ?? {
        ...{ timeMs, dollarsPerHour: 0, idleDollarsPerHour: 0, gpus: 0, gpusInJobs: 0, gpusUsed: 0 },
      };
      moment.set(name, known);
      return known;
    });
  for (const { entity } of contents.instances) {
    const dollars = entity.timeline.nanoDollarsPerHour / NANO;
    for (const adding of addersOf(entity.project)) {
      adding.dollarsPerHour += dollars;
      adding.gpus += entity.gpuCount;
      if (entity.status === 'idle') adding.idleDollarsPerHour += dollars;
    }
  }
  for (const { entity } of contents.jobs)
    for (const adding of addersOf(entity.project)) adding.gpusInJobs += entity.gpuCount;
  for (const [key, samples] of contents.samples) {
    const used = samples.reduce((sum, sample) => sum + usedIn(sample), 0);
    if (used === 0) continue;
    for (const adding of addersOf(projectOf(contents, key))) adding.gpusUsed += used;
  }
  return moment;
}

function projectOf({ views }: PageContents, key: string): string {
  for (const { entities } of views) {
    const entity = entities.get(ENTITY.prefix + key);
    if (entity !== undefined) return figuresOf(entity)?.entity.project ?? '';
  }
  return '';
}

/** The fields for utilization, and their units, by the names in the vendors' tables. */
const UTILIZATION: ReadonlyMap<string, number> = new Map(
  GPU_VENDORS.flatMap(({ sources }) =>
    (sources.utilization ?? []).flatMap(({ of: [field], per = 1 }) =>
      field === undefined ? [] : [[field, per] as const],
    ),
  ),
);

function usedIn({ reading }: Sample): number {
  if (reading.kind !== 'gpu') return 0;
  let used = 0;
  for (const { values } of reading.gpu.series) {
    for (const [name, value] of Object.entries(values)) {
      const per = UTILIZATION.get(gpuField(name)?.field ?? '');
      if (per === undefined || value === null || value < 0 || value > per) continue;
      used += value / per;
      break;
    }
  }
  return used;
}
