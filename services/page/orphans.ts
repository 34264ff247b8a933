import { ORPHANED_JOBS } from '../catalogue/page-families';
import { isShown, seriesKey } from '../catalogue/tally';
import type { PageContents } from './contents';
import { formatLabels } from './format';
import type { PageJob } from './outliving';
import { inFirstShard, inProject } from './selection';

/** A job on the page whose end somebody forgot to report: what it belongs to has ended, before page time. */
export interface Orphan {
  readonly job: PageJob;
  readonly by: 'run' | 'instance';
  /** When the run finished, or the instance terminated. */
  readonly endMs: number;
}

export function* orphansOf({ layout, timeOf }: PageContents): Generator<Orphan> {
  for (const { job, runEndMs, instanceEndMs } of layout.outliving.values()) {
    const pageTimeMs = timeOf(job.partition);
    if (!isOnPage(layout, job)) continue;
    if (runEndMs < pageTimeMs) yield { job, by: 'run', endMs: runEndMs };
    else if (instanceEndMs < pageTimeMs) yield { job, by: 'instance', endMs: instanceEndMs };
  }
}

/** Of lives that would give the same series, one is counted. */
function isOnPage({ buckets }: PageContents['layout'], job: PageJob): boolean {
  return buckets.get('job')?.[job.bucket]?.entities.includes(job) === true;
}

/**
 * `fleetmeter_orphaned_jobs`, 0 included: for each project that ever had a job, which are those that
 * `fleetmeter_jobs` counts.
 */
export function* orphanLines(contents: PageContents): Generator<string> {
  const { selection } = contents;
  if (!inFirstShard(selection)) return;
  const counts = new Map<string, { readonly project: string; count: number }>();
  for (const { tally } of contents.views) {
    for (const series of tally.series.values()) {
      if (series.family.name !== 'fleetmeter_jobs' || !isShown(series)) continue;
      const [project = ''] = series.labels;
      if (inProject(selection, project)) counts.set(keyOf(project), { project, count: 0 });
    }
  }
  for (const { job } of orphansOf(contents)) {
    const counted = counts.get(keyOf(job.entity.project));
    if (counted !== undefined) counted.count++;
  }
  for (const [, { project, count }] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield `${ORPHANED_JOBS.name}{${formatLabels(ORPHANED_JOBS.labels, [project])}} ${String(count)}\n`;
}

function keyOf(project: string): string {
  return seriesKey(ORPHANED_JOBS.name, [project]);
}
