import type { EntityId } from '../../events/event';
import { partitionOf } from '../../events/routing';
import { figuresOf } from '../catalogue/figures';
import { entityKey } from '../fold/fact';
import { ENTITY, settlingOf } from '../view/entries';
import { followView, putOrDelete, unfollowView } from '../view/view';
import type { PartitionView, ViewChanges } from '../view/view';
import type { Slot } from './block';
import { arrange, emptyBucket } from './bucket';
import type { Bucket, PageEntity } from './bucket';
import { openOutlivingJobs } from './outliving';
import type { OutlivingJobs } from './outliving';
import { openDepartures } from './departures';
import type { Departures } from './departures';
import type { KeptPassed } from './kept-passed';

/**
 * The entities of the page, in its order, kept from page to page.
 *
 * They are in buckets, by a hash of their partition key, and within a bucket in order of their key: so
 * neither the order of the page nor its shards, which are sets of buckets, depend on how many partitions a
 * log has. A change touches one bucket; the kept lines of the others go out again as they are.
 */
export interface Layout {
  /** By kind and number; absent if there is no entity. */
  readonly buckets: ReadonlyMap<string, readonly (Bucket | undefined)[]>;
  /** Jobs of which the run or the instance has ended. */
  readonly outliving: OutlivingJobs['jobs'];
  /**
   * Updates it to the views' present state. The same views must be given each time: with others it starts
   * over.
   */
  update(views: readonly PartitionView[]): void;
  /** Stops following the views. */
  close(): void;
  /** What is passed through for the bearers, as of the last page. */
  readonly passed: KeptPassed;
  readonly departures: Departures;
  /** A place to keep something about a family's lines, by name. */
  slot(name: string): Slot;
}

export const BUCKETS = 1024;

interface Followed {
  readonly changes: ViewChanges;
  /** By entry key. */
  readonly entities: Map<string, PageEntity>;
}

export function openLayout(): Layout {
  const buckets: Buckets = new Map();
  const slots = new Map<string, Slot>();
  const outliving = openOutlivingJobs();
  const passed: KeptPassed = { bearers: new Map(), instances: new Map() };
  const departures = openDepartures();
  let followed = new Map<PartitionView, Followed>();

  function begin(views: readonly PartitionView[]): void {
    for (const [view, { changes }] of followed) unfollowView(view, changes);
    followed = new Map(views.map((view) => [view, { changes: followView(view), entities: new Map() }]));
    for (const [view, { changes }] of followed)
      for (const entry of view.entities.keys()) changes.entities.add(entry);
    buckets.clear();
    outliving.clear();
    departures.clear();
    [passed.bearers, passed.instances] = [new Map(), new Map()];
  }

  return {
    buckets,
    outliving: outliving.jobs,
    passed,
    departures,
    update(views) {
      if (views.length !== followed.size || !views.every((view) => followed.has(view))) begin(views);
      const touched = new Set<Bucket>();
      for (const [view, { changes, entities }] of followed) {
        for (const entry of changes.entities) {
          outliving.touch(entry);
          departures.put(view, entry, view.entities.get(entry));
          const before = entities.get(entry);
          const after = pageEntity(view, entry, before);
          outliving.replace(before, after);
          for (const bucket of replace(buckets, before, after)) touched.add(bucket);
          putOrDelete(entities, entry, after);
        }
        for (const runId of changes.sampledRuns) {
          const bucket = buckets.get('job')?.[partitionOf(runId, BUCKETS)];
          if (bucket !== undefined) bucket.lines.usage = null;
        }
        for (const key of changes.ends) outliving.touch(ENTITY.prefix + key);
        changes.entities.clear();
        changes.ends.clear();
        changes.sampledRuns.clear();
      }
      outliving.update(views);
      for (const bucket of touched) arrange(bucket);
    },
    close: () => {
      begin([]);
    },
    slot(name) {
      const slot = slots.get(name) ?? { kept: null };
      slots.set(name, slot);
      return slot;
    },
  };
}

type Buckets = Map<string, (Bucket | undefined)[]>;

function bucketOf(buckets: Buckets, { entity, bucket: number }: PageEntity): Bucket {
  const ofKind = buckets.get(entity.kind) ?? [];
  buckets.set(entity.kind, ofKind);
  return (ofKind[number] ??= emptyBucket(number));
}

/** Returns the buckets that it touches. */
function replace(buckets: Buckets, before: PageEntity | undefined, after: PageEntity | undefined): Bucket[] {
  const left = before && bucketOf(buckets, before);
  if (left !== undefined) left.all = left.all.filter((one) => one !== before);
  if (after === undefined) return left === undefined ? [] : [left];
  const entered = bucketOf(buckets, after);
  entered.all.push(after);
  return left === undefined ? [entered] : [left, entered];
}

/** @param before of the same entry, whose place on the page is the same */
function pageEntity(
  view: PartitionView,
  entry: string,
  before: PageEntity | undefined,
): PageEntity | undefined {
  const entity = view.entities.get(entry);
  const figures = entity && figuresOf(entity);
  if (figures === undefined || figures.own.length === 0) return undefined;
  const { key, bucket, life } = before ?? placeOf(entry, figures.entity.id);
  return { entry, key, life, bucket, figures, entity: figures.entity, partition: view };
}

function placeOf(entry: string, id: EntityId): Pick<PageEntity, 'key' | 'bucket' | 'life'> {
  return { key: entityKey(id), bucket: partitionOf(id.within ?? id.id, BUCKETS), life: settlingOf(entry) };
}
