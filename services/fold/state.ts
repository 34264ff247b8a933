import type { EntityId } from '../../events/event';
import type { End } from './ends';
import type { Entity, Tombstone } from './entity';
import { restoreTimeline } from './kinds';
import type { AnyFact, Timeline } from './kinds';
import type { Sample } from './sample';

/**
 * The texts that a ledger's state is stored as. Only the same version of the fold reads them back (a
 * partition's head says which), so what is decoded is trusted.
 */
export const FOLD_VERSION = 2;

interface StoredEntity {
  readonly i: EntityId;
  readonly p?: Timeline;
  readonly f: readonly AnyFact[];
  readonly n: number;
  readonly s: number;
  readonly x?: true;
  readonly l: number;
  readonly d?: number;
}

export function encodeEntity(entity: Entity): string {
  const stored: StoredEntity = {
    i: entity.id,
    ...(entity.prefix === null ? {} : { p: entity.prefix }),
    f: entity.facts,
    n: entity.newestMs,
    s: entity.newestSeenMs,
    ...(entity.snapshot ? { x: true as const } : {}),
    l: entity.lastLogMs,
    ...(entity.finishLogMs === null ? {} : { d: entity.finishLogMs }),
  };
  return JSON.stringify(stored, bigintText);
}

export function decodeEntity(text: string): Entity {
  const stored = JSON.parse(text) as StoredEntity;
  return {
    id: stored.i,
    prefix: stored.p === undefined ? null : restoreTimeline(stored.i.kind, stored.p),
    facts: stored.f,
    newestMs: stored.n,
    newestSeenMs: stored.s,
    snapshot: stored.x ?? false,
    lastLogMs: stored.l,
    finishLogMs: stored.d ?? null,
  };
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

export function encodeTombstone(tombstone: Tombstone): string {
  return JSON.stringify(tombstone);
}

export function decodeTombstone(text: string): Tombstone {
  return JSON.parse(text) as Tombstone;
}

export function encodeEnd(end: End): string {
  return JSON.stringify(end);
}

export function decodeEnd(text: string): End {
  return JSON.parse(text) as End;
}

export function encodeSample(sample: Sample): string {
  return JSON.stringify(sample);
}

export function decodeSample(text: string): Sample {
  return JSON.parse(text) as Sample;
}
