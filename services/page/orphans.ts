import type { EntityId } from '../../events/event';
import { murmur2 } from '../../events/routing';
import { ORPHANED_JOBS } from '../catalogue/page-families';
import { isShown, seriesKey } from '../catalogue/tally';
import type { Described } from '../catalogue/kinds';
import type { HowEnded } from '../fold/ends';
import { entityKey } from '../fold/fact';
import { ENTITY } from '../view/entries';
import type { PartitionView } from '../view/view';
import type { PageEntity } from './bucket';
import type { PageContents } from './contents';
import { formatLabels } from './format';
import { inFirstShard, inProject } from './selection';

/** A job on the page that somebody forgot to say the end of: what it belongs to has ended, before page time. */
export interface Orphan {
  readonly job: PageEntity<Described<'job'>>;
  readonly by: 'run' | 'instance';
  /** When the run finished, or the instance terminated. */
  readonly endMs: number;
}

export function* orphansOf(contents: PageContents): Generator<Orphan> {
  for (const job of contents.jobs) {
    const pageTimeMs = contents.timeOf(job.partition);
    const { run, instance } = belongsTo(job.entity);
    const runEndMs = endOf(job.partition, run)?.timeMs ?? Infinity;
    if (runEndMs < pageTimeMs) {
      yield { job, by: 'run', endMs: runEndMs };
      continue;
    }
    const end = instance && instanceEndOf(contents.views, instance);
    if (end === undefined || end.timeMs >= pageTimeMs || end.project !== job.entity.project) continue;
    yield { job, by: 'instance', endMs: end.timeMs };
  }
}

function instanceEndOf(views: readonly PartitionView[], instance: Belonging): HowEnded | undefined {
  const home = views[instance.hash % views.length];
  const end = home && endOf(home, instance);
  if (end !== undefined || home?.entities.has(instance.entry) === true) return end;
  // Views come in the order of their partitions as a rule, and an instance of a job is known as a rule.
  for (const view of views) {
    const elsewhere = endOf(view, instance);
    if (elsewhere !== undefined) return elsewhere;
  }
  return undefined;
}

/** How an entity ended; undefined: it has not, or is not known. */
function endOf({ entities, ended, ends }: PartitionView, { entry, key }: Belonging): HowEnded | undefined {
  const unsettled = ended.get(entry);
  if (unsettled !== undefined) return unsettled;
  const settled = ends.get(key);
  if (settled === undefined) return undefined;
  // A later one of its id may go on; as of a moment before its first fact it is not there yet.
  const entity = entities.get(entry);
  return entity === undefined || (entity.facts.length === 0 && entity.prefix === null) ? settled : undefined;
}

/** What a job belongs to, as views name it. */
interface Belonging {
  readonly key: string;
  /** The key of its entry while it has not settled. */
  readonly entry: string;
  /** Of its id: it says the partition. */
  readonly hash: number;
}

interface BelongsTo {
  readonly run: Belonging;
  readonly instance: Belonging | undefined;
}

/** The same for each page, of which most of the time would go into making these texts. */
const belongings = new WeakMap<Described<'job'>, BelongsTo>();

function belongsTo(job: Described<'job'>): BelongsTo {
  let known = belongings.get(job);
  if (known === undefined) {
    const { runId, placement } = job;
    const instanceId = placement?.instanceId;
    known = {
      run: belonging({ kind: 'run', id: runId }, runId),
      instance:
        instanceId === undefined ? undefined : belonging({ kind: 'instance', id: instanceId }, instanceId),
    };
    belongings.set(job, known);
  }
  return known;
}

function belonging(id: EntityId, partitionKey: string): Belonging {
  const key = entityKey(id);
  return { key, entry: ENTITY.prefix + key, hash: murmur2(Buffer.from(partitionKey)) & 0x7fffffff };
}

/** `fleetmeter_orphaned_jobs`, 0 included: for each project that ever had a job, which are those that `fleetmeter_jobs` counts. */
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
