import type { EntityId } from '../../events/event';
import type { EntityKind } from '../../events/kinds';
import { timelineOf } from './entity';
import type { Entity } from './entity';
import { entityKey } from './fact';

/**
 * How settled runs and instances ended. A job that is still on the page is orphaned by the end of its run or
 * instance, however long ago that was, and a tombstone doesn't tell when. (Of those that have not settled,
 * their facts do.)
 *
 * A run's end is kept as long as one of its jobs lives: both are on one partition. An instance's partition
 * can't know whether any job is still on it, so the newest ends are kept, up to a number.
 */
export interface End extends HowEnded {
  /** How many of its kind settled before it, in its partition. */
  readonly number: number;
}

export interface HowEnded {
  readonly timeMs: number;
  /** If it is known. */
  readonly project: string | null;
}

export interface Ends {
  /** By entity key. */
  readonly byKey: Map<string, End>;
  /** Keys by the numbers of their ends. */
  readonly numbered: Readonly<Record<EndedKind, Map<number, string>>>;
  /** How many jobs of a run live, by the run's entity key. */
  readonly jobs: Map<string, number>;
}

export type EndedKind = 'run' | 'instance';

/** Undefined: it has not ended, or is of a kind that jobs don't belong to. */
export function howEnded(entity: Entity): HowEnded | undefined {
  if (!isEndedKind(entity.id.kind)) return undefined;
  const { finish, description } = timelineOf(entity);
  return finish && { timeMs: finish.timeMs, project: description?.project ?? null };
}

function isEndedKind(kind: EntityKind): kind is EndedKind {
  return kind === 'run' || kind === 'instance';
}

/** JSON numbers only: how many have settled. */
export type EndedCounts = Record<EndedKind, number>;

/** How many ends a partition keeps, besides those that a job needs. */
const KEPT: Readonly<EndedCounts> = { run: 1000, instance: 50_000 };

export function emptyEnds(): Ends {
  return { byKey: new Map(), numbered: { run: new Map(), instance: new Map() }, jobs: new Map() };
}

/** What has changed: keys of ends that were added or removed. */
type Touch = (key: string) => void;

/** An entity settles: keeps how it ended, and drops what is too old. */
export function keepEnd(ends: Ends, counts: EndedCounts, entity: Entity, touch: Touch, kept = KEPT): void {
  const { kind } = entity.id;
  if (!isEndedKind(kind)) return;
  const how = howEnded(entity);
  const key = entityKey(entity.id);
  const number = counts[kind]++;
  if (how === undefined) {
    forgetEnd(ends, entity, touch);
  } else {
    ends.byKey.set(key, { number, ...how });
    ends.numbered[kind].set(number, key);
    touch(key);
  }
  const oldest = number - kept[kind];
  const oldestKey = ends.numbered[kind].get(oldest);
  if (oldestKey === undefined) return;
  ends.numbered[kind].delete(oldest);
  if (!ends.jobs.has(oldestKey)) drop(ends, oldestKey, oldest, touch);
}

/** A job has come to life, or has settled or been given up. */
export function countJob(ends: Ends, { kind, within }: EntityId, by: 1 | -1, touch: Touch): void {
  if (kind !== 'job' || within === undefined) return;
  const key = entityKey({ kind: 'run', id: within });
  const count = (ends.jobs.get(key) ?? 0) + by;
  if (count > 0) {
    ends.jobs.set(key, count);
    return;
  }
  ends.jobs.delete(key);
  const end = ends.byKey.get(key);
  if (end !== undefined && ends.numbered.run.get(end.number) !== key) drop(ends, key, end.number, touch);
}

/**
 * An entity is removed that has not ended, as far as is known: the end of an earlier one of the same id no
 * longer counts.
 */
export function forgetEnd(ends: Ends, { id, facts, prefix }: Entity, touch: Touch): void {
  if (facts.length === 0 && prefix === null) return;
  const key = entityKey(id);
  const end = ends.byKey.get(key);
  if (end !== undefined) drop(ends, key, end.number, touch);
}

function drop({ byKey }: Ends, key: string, number: number, touch: Touch): void {
  // Another life of that id has settled since.
  if (byKey.get(key)?.number !== number) return;
  byKey.delete(key);
  touch(key);
}

/** Indexes what was read from a store. */
export function indexEnds(
  ends: Ends,
  counts: EndedCounts,
  entities: ReadonlyMap<string, Entity>,
  kept = KEPT,
): void {
  for (const { id } of entities.values()) countJob(ends, id, 1, () => undefined);
  for (const [key, { number }] of ends.byKey) {
    const kind = key.startsWith('run:') ? 'run' : 'instance';
    if (number >= counts[kind] - kept[kind]) ends.numbered[kind].set(number, key);
  }
}
