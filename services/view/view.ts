import { SUM_FAMILIES } from '../catalogue/index';
import { figuresOf } from '../catalogue/figures';
import type { Family } from '../catalogue/figures';
import { emptyTally, putTotal, tallyEntity } from '../catalogue/tally';
import type { Tally } from '../catalogue/tally';
import type { Entity } from '../fold/entity';
import type { Sample } from '../fold/sample';
import { ENTITY, GONE, SAMPLE, SOURCE, decodeEntity, decodeSample } from '../fold/state';
import { HOLD, decodeHold } from './hold';
import type { Hold } from './hold';

/** What a page is made of: one partition's state at one version, ready to be read at its page time. */
export interface PartitionView {
  pageTimeMs: number;
  /** No page is asked for before it; null: no event yet. */
  newestTakenMs: number | null;
  /** By entry key: live ones and settled ones that are not in the totals yet. */
  readonly entities: Map<string, Entity>;
  readonly tally: Tally;
  readonly samples: Map<string, Sample>;
  readonly sources: Map<string, number>;
  readonly holds: Map<string, Hold>;
}

/** Totals of settled entities, by series key. */
export const TOTAL = 't:';

export function emptyView(): PartitionView {
  return {
    pageTimeMs: 0,
    newestTakenMs: null,
    entities: new Map(),
    tally: emptyTally(),
    samples: new Map(),
    sources: new Map(),
    holds: new Map(),
  };
}

export function encodeTotal(total: readonly bigint[]): string {
  return total.join(' ');
}

/** Applies one `shown` entry of a store; null: it is gone. Throws on an entry that no version of ours has written. */
export function applyEntry(view: PartitionView, key: string, value: string | null): void {
  const kind = key.slice(0, 2);
  const name = key.slice(2);
  switch (kind) {
    case ENTITY:
    case GONE:
      putEntity(view, key, value === null ? undefined : decodeEntity(value));
      return;
    case TOTAL:
      if (value !== null) applyTotal(view, name, value);
      return;
    case SAMPLE:
      putOrDelete(view.samples, name, value === null ? undefined : decodeSample(value));
      return;
    case SOURCE:
      putOrDelete(view.sources, name, value === null ? undefined : Number(value));
      return;
    case HOLD:
      putOrDelete(view.holds, name, value === null ? undefined : decodeHold(value));
      return;
    default:
      throw new Error(`the store holds an entry of an unknown kind: ${key.slice(0, 80)}`);
  }
}

export function putEntity(view: PartitionView, key: string, entity: Entity | undefined): void {
  const before = view.entities.get(key);
  tallyEntity(view.tally, key, before && figuresOf(before), entity && figuresOf(entity));
  putOrDelete(view.entities, key, entity);
}

function putOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function applyTotal(view: PartitionView, name: string, value: string): void {
  const { family, labels } = parseSeriesKey(name);
  putTotal(view.tally, family, labels, value.split(' ').map(BigInt));
}

export function parseSeriesKey(key: string): { family: Family; labels: readonly string[] } {
  const gap = key.indexOf(' ');
  const family = SUM_FAMILIES.get(key.slice(0, gap));
  if (family === undefined)
    throw new Error(`the store holds a total of an unknown family: ${key.slice(0, 80)}`);
  return { family, labels: JSON.parse(key.slice(gap + 1)) as readonly string[] };
}
