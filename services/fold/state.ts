import type { Entity, Tombstone } from './entity';
import type { EntityId, Fact } from './fact';
import type { Sample } from './sample';
import type { Timeline } from './timeline';

/**
 * The texts that a ledger's state is kept as. They are read back by the same fold version alone (the head of a partition says
 * which), so what is decoded is trusted.
 */
export const FOLD_VERSION = 1;

interface StoredAccrual {
  readonly startsMs: readonly number[];
  readonly rates: readonly number[];
  readonly areas: readonly string[];
}

type StoredTimeline = Omit<Timeline, 'cost' | 'idle'> & {
  readonly cost: StoredAccrual;
  readonly idle: StoredAccrual;
};

interface StoredEntity {
  readonly i: EntityId;
  readonly p?: StoredTimeline;
  readonly f: readonly Fact[];
  readonly n: number;
  readonly s: number;
  readonly x?: true;
  readonly l: number;
  readonly d?: number;
}

export function encodeEntity(entity: Entity): string {
  const stored: StoredEntity = {
    i: entity.id,
    ...(entity.prefix === null ? {} : { p: storedTimeline(entity.prefix) }),
    f: entity.facts,
    n: entity.newestMs,
    s: entity.newestSeenMs,
    ...(entity.snapshot ? { x: true as const } : {}),
    l: entity.lastLogMs,
    ...(entity.finishLogMs === null ? {} : { d: entity.finishLogMs }),
  };
  return JSON.stringify(stored);
}

export function decodeEntity(text: string): Entity {
  const stored = JSON.parse(text) as StoredEntity;
  return {
    id: stored.i,
    prefix: stored.p === undefined ? null : timelineFrom(stored.p),
    facts: stored.f,
    newestMs: stored.n,
    newestSeenMs: stored.s,
    snapshot: stored.x ?? false,
    lastLogMs: stored.l,
    finishLogMs: stored.d ?? null,
  };
}

function storedTimeline(timeline: Timeline): StoredTimeline {
  const { cost, idle } = timeline;
  return {
    ...timeline,
    cost: { ...cost, areas: cost.areas.map(String) },
    idle: { ...idle, areas: idle.areas.map(String) },
  };
}

function timelineFrom(stored: StoredTimeline): Timeline {
  const accrual = (a: StoredAccrual): Timeline['cost'] => ({
    startsMs: [...a.startsMs],
    rates: [...a.rates],
    areas: a.areas.map(BigInt),
  });
  return { ...stored, cost: accrual(stored.cost), idle: accrual(stored.idle) };
}

export function encodeTombstone(tombstone: Tombstone): string {
  return JSON.stringify(tombstone);
}

export function decodeTombstone(text: string): Tombstone {
  return JSON.parse(text) as Tombstone;
}

export function encodeSample(sample: Sample): string {
  return JSON.stringify(sample);
}

export function decodeSample(text: string): Sample {
  return JSON.parse(text) as Sample;
}
