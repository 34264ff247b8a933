import type { EntityId } from '../../events/event';
import { partitionOf } from '../../events/routing';
import type { Described } from '../catalogue/kinds';
import type { HowEnded } from '../fold/ends';
import { entityKey } from '../fold/fact';
import { ENTITY } from '../view/entries';
import type { PartitionView } from '../view/view';
import { isKind } from './bucket';
import type { PageEntity } from './bucket';

export type PageJob = PageEntity<Described<'job'>>;

/** A job that belongs to a run or an instance that has ended, whatever the page time is. */
export interface Outliving {
  readonly job: PageJob;
  /** Infinity: it goes on, or is not known. */
  readonly runEndMs: number;
  readonly instanceEndMs: number;
}

/**
 * The jobs that outlive what they belong to, kept from page to page. Searching for them on each page took a
 * fifth of its time, although there are few and they hardly ever change: so only those are checked that have
 * changed, or whose run or instance has.
 */
export interface OutlivingJobs {
  readonly jobs: ReadonlyMap<PageEntity, Outliving>;
  replace(before: PageEntity | undefined, after: PageEntity | undefined): void;
  /** What is known about the entity of this entry has changed. */
  touch(entry: string): void;
  /** To be called when everything is in place. */
  update(views: readonly PartitionView[]): void;
  clear(): void;
}

export function openOutlivingJobs(): OutlivingJobs {
  const jobs = new Map<PageEntity, Outliving>();
  /** By the entry of the run or instance that they belong to. */
  const members = new Map<string, Set<PageJob>>();
  const touched = new Set<PageJob>();

  function leave(job: PageJob): void {
    jobs.delete(job);
    touched.delete(job);
    for (const { entry } of belongingsOf(job)) {
      const others = members.get(entry);
      others?.delete(job);
      if (others?.size === 0) members.delete(entry);
    }
  }

  function enter(job: PageJob): void {
    touched.add(job);
    for (const { entry } of belongingsOf(job)) {
      const others = members.get(entry);
      if (others === undefined) members.set(entry, new Set([job]));
      else others.add(job);
    }
  }

  return {
    jobs,
    replace(before, after) {
      if (before !== undefined && isKind(before, 'job')) leave(before);
      if (after !== undefined && isKind(after, 'job')) enter(after);
    },
    touch(entry) {
      for (const job of members.get(entry) ?? []) touched.add(job);
    },
    update(views) {
      for (const job of touched) {
        const found = outlivingOf(job, views);
        if (found.runEndMs === Infinity && found.instanceEndMs === Infinity) jobs.delete(job);
        else jobs.set(job, found);
      }
      touched.clear();
    },
    clear() {
      for (const each of [jobs, members, touched]) each.clear();
    },
  };
}

/** What a job belongs to, as views name it. */
interface Belonging {
  /** The key of its entry while it has not settled. */
  readonly entry: string;
  readonly key: string;
  /** It determines the partition. */
  readonly id: string;
}

/** Its run, and its instance if that is known. */
function belongingsOf({
  entity: { runId, placement },
}: PageJob): [run: Belonging] | [run: Belonging, instance: Belonging] {
  const run = belonging({ kind: 'run', id: runId });
  const instanceId = placement?.instanceId;
  return instanceId === undefined ? [run] : [run, belonging({ kind: 'instance', id: instanceId })];
}

function belonging(id: EntityId): Belonging {
  const key = entityKey(id);
  return { entry: ENTITY.prefix + key, key, id: id.id };
}

function outlivingOf(job: PageJob, views: readonly PartitionView[]): Outliving {
  const [run, instance] = belongingsOf(job);
  const end = instance && instanceEndOf(views, instance);
  return {
    job,
    runEndMs: endOf(job.partition, run)?.timeMs ?? Infinity,
    instanceEndMs: end?.project === job.entity.project ? end.timeMs : Infinity,
  };
}

function instanceEndOf(views: readonly PartitionView[], instance: Belonging): HowEnded | undefined {
  const home = views[partitionOf(instance.id, views.length)];
  const end = home && endOf(home, instance);
  if (end !== undefined || home?.entities.has(instance.entry) === true) return end;
  // Views usually come in the order of their partitions, and a job's instance is usually known.
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
  // A later one of the same id may be alive; as of a moment before its first fact it doesn't exist yet.
  const entity = entities.get(entry);
  return entity === undefined || (entity.facts.length === 0 && entity.prefix === null) ? settled : undefined;
}
