import type { EntityId } from '../../events/event';
import { compareOrder } from '../../events/order';
import { compactTimeline, descriptiveVerbs, foldTimeline } from './kinds';
import type { AnyFact, DescriptiveVerb, Timeline } from './kinds';

/**
 * The state of one entity: the set of facts known about it, sorted, whatever order they came in. Merging is
 * set union, so order, repeats and batches don't matter. Immutable: each fact taken makes a new state.
 *
 * An entity's life in its partition's ledger (ledger.ts), which log time alone carries on:
 *
 *                 an event is taken          its finish is taken         lateness later
 *     unknown ───────────────────────> alive ───────────────────> finished ─────────────> settled
 *       ^ ^                             │ ^                                                 │
 *       │ │    not described, lateness  │ │ started, submitted or created:                  │
 *       │ │    after its last record    v │ it begins anew                                  │
 *       │ └─────────────────────────── given up                                             │
 *       │          dedupe time after the newest event seen of it, and no snapshot was       │
 *       └───────────────────────────────────────────────────────────────────────────────────┘
 *
 * Alive or finished, it is in `entities`, and on the page once it is described; what is learned late can
 * still move its finish. Settled or given up, it refuses what comes for it, and a Tombstone is what is kept;
 * a settled one's figures go into the totals when no page can show them otherwise any more.
 */
export interface Entity {
  readonly id: EntityId;
  /** Facts before which no other can be inserted any more, folded; null: none yet. */
  readonly prefix: Timeline | null;
  /** Sorted by compareOrder(); none is earlier than what the prefix stands for. */
  readonly facts: readonly AnyFact[];
  /** Newest `time` taken. */
  readonly newestMs: number;
  /** Newest `time` of any event of it, refused ones included. */
  readonly newestSeenMs: number;
  /** Any event of it, refused ones included, had `snapshot`. */
  readonly snapshot: boolean;
  /** Log time of the last record that was taken and wasn't a repeat. */
  readonly lastLogMs: number;
  /** Log time of the record that first finished it. */
  readonly finishLogMs: number | null;
}

/** What a settled or given-up entity leaves behind: enough to judge what comes for it later. */
export interface Tombstone {
  readonly givenUp: boolean;
  readonly newestSeenMs: number;
  readonly snapshot: boolean;
}

const timelines = new WeakMap<Entity, Timeline>();

export function timelineOf(entity: Entity): Timeline {
  let timeline = timelines.get(entity);
  if (timeline === undefined) {
    timeline = foldTimeline(entity.id.kind, entity.prefix, entity.facts);
    timelines.set(entity, timeline);
  }
  return timeline;
}

/** The entity without the facts later than a moment. Not for compacted ones. */
export function entityAsOf(entity: Entity, asOfMs: number): Entity {
  const last = entity.facts.at(-1);
  if (last === undefined || last.timeMs <= asOfMs) return entity;
  return { ...entity, facts: entity.facts.filter((fact) => fact.timeMs <= asOfMs) };
}

export function isFinished(entity: Entity): boolean {
  return entity.finishLogMs !== null;
}

/**
 * The first page time at which its figures are final: its finish is past, and so is every sample that could
 * still be its own.
 */
export function absorbableMs(entity: Entity, sampleTtlMs: number): number {
  return (timelineOf(entity).finish?.timeMs ?? Infinity) + sampleTtlMs + 1;
}

/** Without its `started` or `submitted` it is remembered but not shown. */
export function isDescribed(entity: Entity): boolean {
  return hasFact(entity, 'described');
}

/** Only entities that have all of these get a prefix. */
export function hasFact({ prefix, facts }: Entity, verb: DescriptiveVerb): boolean {
  return prefix !== null || facts.some((fact) => fact.verb === verb);
}

/** The same (source, id) again changes nothing. Repeats older than the facts kept are too late by then. */
export function hasEvent({ facts }: Entity, source: string, id: string): boolean {
  for (const fact of facts) if (fact.id === id && fact.source === source) return true;
  return false;
}

export function emptyEntity(id: EntityId, timeMs: number, logMs: number): Entity {
  return {
    id,
    prefix: null,
    facts: [],
    newestMs: timeMs,
    newestSeenMs: timeMs,
    snapshot: false,
    lastLogMs: logMs,
    finishLogMs: null,
  };
}

export function addFact(entity: Entity, fact: AnyFact, logMs: number, snapshot: boolean): Entity {
  let at = entity.facts.length;
  while (at > 0) {
    const before = entity.facts[at - 1];
    if (before === undefined || compareOrder(before, fact) <= 0) break;
    at--;
  }
  const isLatest = at === entity.facts.length;
  const after = {
    ...entity,
    facts: isLatest ? [...entity.facts, fact] : entity.facts.toSpliced(at, 0, fact),
    newestMs: Math.max(entity.newestMs, fact.timeMs),
    newestSeenMs: Math.max(entity.newestSeenMs, fact.timeMs),
    snapshot: entity.snapshot || snapshot,
    lastLogMs: logMs,
    finishLogMs: entity.finishLogMs ?? (fact.verb === 'finished' ? logMs : null),
  };
  const timeline = isLatest ? timelines.get(entity) : undefined;
  if (timeline !== undefined) timelines.set(after, foldTimeline(entity.id.kind, timeline, [fact]));
  return after;
}

/** Below this many facts, compacting costs more than it saves. */
const COMPACT_FROM = 64;

/**
 * Folds the facts before `cutMs` into the prefix. Exact if and only if nothing earlier than the cut can still
 * be taken: cutMs is at most newestMs − lateness (older events are refused), every description of which the
 * first is taken however late is there, and no page is asked for before the cut. Returns the same entity if
 * there is nothing worth folding.
 */
export function compactEntity(entity: Entity, cutMs: number, fromCount = COMPACT_FROM): Entity {
  if (entity.facts.length < fromCount || isFinished(entity)) return entity;
  const { kind } = entity.id;
  if (!descriptiveVerbs(kind).every((verb) => hasFact(entity, verb))) return entity;
  let count = entity.facts.findIndex((fact) => fact.timeMs >= cutMs);
  if (count === -1) count = entity.facts.length;
  const last = entity.facts[count - 1];
  if (last === undefined || count * 2 < fromCount) return entity;
  const folded = foldTimeline(kind, entity.prefix, entity.facts.slice(0, count));
  return { ...entity, prefix: compactTimeline(kind, folded, last.timeMs), facts: entity.facts.slice(count) };
}
