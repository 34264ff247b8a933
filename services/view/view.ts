import { figuresOf } from '../catalogue/figures';
import { emptyTally, tallyEntity } from '../catalogue/tally';
import type { Tally } from '../catalogue/tally';
import { howEnded } from '../fold/ends';
import type { End, HowEnded } from '../fold/ends';
import type { Entity } from '../fold/entity';
import type { Sample } from '../fold/sample';
import type { Hold } from './hold';

/** What a page is made from: one partition's state at one version, ready to be read at its page time. */
export interface PartitionView {
  pageTimeMs: number;
  /** No page may be asked for before it; null: no event yet. */
  newestTakenMs: number | null;
  /** By entry key: live ones and settled ones that are not in the totals yet. */
  readonly entities: Map<string, Entity>;
  readonly tally: Tally;
  /** How settled runs and instances ended, by entity key. */
  readonly ends: Map<string, End>;
  /** How those ended that have not settled, by entry key: an index of the entities. */
  readonly ended: Map<string, HowEnded>;
  readonly samples: Map<string, Sample>;
  readonly sources: Map<string, number>;
  readonly holds: Map<string, Hold>;
  /** Those that are told of changes. */
  readonly followers: Set<ViewChanges>;
}

/** What has changed since it was read last: see followView(). */
export interface ViewChanges {
  /** Entry keys. */
  readonly entities: Set<string>;
  /** Keys of runs and instances that have settled. */
  readonly ends: Set<string>;
  /** Runs of which a job has a new sample. */
  readonly sampledRuns: Set<string>;
}

export function emptyView(): PartitionView {
  return {
    pageTimeMs: 0,
    newestTakenMs: null,
    entities: new Map(),
    tally: emptyTally(),
    ends: new Map(),
    ended: new Map(),
    samples: new Map(),
    sources: new Map(),
    holds: new Map(),
    followers: new Set(),
  };
}

/** @param key of its entry; undefined: it is removed */
export function putEntity(view: PartitionView, key: string, entity: Entity | undefined): void {
  const before = view.entities.get(key);
  tallyEntity(view.tally, key, before && figuresOf(before), entity && figuresOf(entity));
  putOrDelete(view.ended, key, entity && howEnded(entity));
  putOrDelete(view.entities, key, entity);
  for (const { entities } of view.followers) entities.add(key);
}

/** @param key of the entity; undefined: no job of it is left */
export function putEnd({ ends, followers }: PartitionView, key: string, end: End | undefined): void {
  putOrDelete(ends, key, end);
  for (const changes of followers) changes.ends.add(key);
}

/** @param key see sampleKey(); undefined: it is removed */
export function putSample(
  { samples, followers }: PartitionView,
  key: string,
  sample: Sample | undefined,
): void {
  const target = (sample ?? samples.get(key))?.target;
  putOrDelete(samples, key, sample);
  if (target?.within === undefined) return;
  for (const { sampledRuns } of followers) sampledRuns.add(target.within);
}

export function putOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** From now on, changes of the view are noted in what is returned, to be cleared by whoever reads it. */
export function followView(view: PartitionView): ViewChanges {
  const changes = { entities: new Set<string>(), ends: new Set<string>(), sampledRuns: new Set<string>() };
  view.followers.add(changes);
  return changes;
}

export function unfollowView(view: PartitionView, changes: ViewChanges): void {
  view.followers.delete(changes);
}
