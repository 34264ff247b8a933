import { SUM_FAMILIES } from '../catalogue/families';
import type { Family } from '../catalogue/family';
import { putTotal } from '../catalogue/tally';
import type { End } from '../fold/ends';
import type { Entity, Tombstone } from '../fold/entity';
import type { Ledger, Touched } from '../fold/ledger';
import type { Sample } from '../fold/sample';
import {
  decodeEnd,
  decodeEntity,
  decodeSample,
  decodeTombstone,
  encodeEnd,
  encodeEntity,
  encodeSample,
  encodeTombstone,
} from '../fold/state';
import type { Entries, Space } from '../store/port';
import { decodeHold, encodeHold } from './hold';
import type { Hold } from './hold';
import { putEnd, putEntity, putOrDelete, putSample } from './view';
import type { PartitionView } from './view';

/**
 * What a partition's state consists of in a store: entries, whose kind is told by the beginning of their key.
 * The table below has everything about a kind: how its text is written and read, and where a view and its
 * owner's ledger keep it.
 */
export interface EntryKind<V> {
  readonly space: Space;
  /** Two characters, followed by the name within the kind. */
  readonly prefix: string;
  readonly encode: (value: V) => string;
  readonly decode: (text: string) => V;
  /** Puts it into a view, or removes it (undefined). */
  readonly view: (view: PartitionView, name: string, value: V | undefined) => void;
  /**
   * Where a ledger has it, and the names of what has changed; absent: it is derived from the ledger when a
   * batch is closed.
   */
  readonly ledger?: readonly [(ledger: Ledger) => Map<string, V>, (touched: Touched) => Iterable<string>];
}

/** The text is made when the batch is closed: what changes with every record is encoded once per batch. */
export interface EntryChange {
  readonly space: Space;
  readonly key: string;
  readonly text: () => string | null;
}

export const ENTITY: EntryKind<Entity> = {
  space: 'shown',
  prefix: 'e:',
  encode: encodeEntity,
  decode: decodeEntity,
  view: (view, name, entity) => putEntity(view, ENTITY.prefix + name, entity),
  ledger: [({ entities }) => entities, ({ entities }) => entities.keys()],
};

/** An entity that has settled and is not absorbed yet, by the number of its settling. */
export const SETTLED: EntryKind<Entity> = {
  space: 'shown',
  prefix: 'g:',
  encode: encodeEntity,
  decode: decodeEntity,
  view: (view, name, entity) => putEntity(view, SETTLED.prefix + name, entity),
  ledger: [({ settled }) => settled, ({ settled }) => settled],
};

/** How a settled run or instance ended, by its key. */
export const END: EntryKind<End> = {
  space: 'shown',
  prefix: 'x:',
  encode: encodeEnd,
  decode: decodeEnd,
  view: putEnd,
  ledger: [({ ends }) => ends.byKey, ({ ends }) => ends],
};

export const SAMPLE: EntryKind<Sample> = {
  space: 'shown',
  prefix: 's:',
  encode: encodeSample,
  decode: decodeSample,
  view: putSample,
  ledger: [({ samples }) => samples, ({ samples }) => samples],
};

/** Time of the newest event of a source. */
export const SOURCE: EntryKind<number> = {
  space: 'shown',
  prefix: 'o:',
  encode: String,
  decode: Number,
  view: ({ sources }, name, timeMs) => putOrDelete(sources, name, timeMs),
  ledger: [({ sources }) => sources, ({ sources }) => sources],
};

/** What absorbed entities have added to a sum, by series key. It is never removed. */
export const TOTAL: EntryKind<readonly bigint[]> = {
  space: 'shown',
  prefix: 't:',
  encode: encodeTotal,
  decode: (text) => text.split(' ').map(BigInt),
  view: ({ tally }, name, total) => {
    const series = parseSeriesKey(name);
    if (total !== undefined && series !== undefined) putTotal(tally, series.family, series.labels, total);
  },
};

export const HOLD: EntryKind<Hold> = {
  space: 'shown',
  prefix: 'h:',
  encode: encodeHold,
  decode: decodeHold,
  view: ({ holds }, name, hold) => putOrDelete(holds, name, hold),
};

/** What a settled or given-up entity leaves behind: no page shows it. */
const TOMBSTONE: EntryKind<Tombstone> = {
  space: 'kept',
  prefix: '',
  encode: encodeTombstone,
  decode: decodeTombstone,
  view: () => undefined,
  ledger: [({ tombstones }) => tombstones, ({ tombstones }) => tombstones],
};

const KINDS: readonly ErasedKind[] = [
  erased(ENTITY),
  erased(SETTLED),
  erased(END),
  erased(SAMPLE),
  erased(SOURCE),
  erased(TOTAL),
  erased(HOLD),
  erased(TOMBSTONE),
];

/**
 * Puts a `shown` entry of a store into a view; null removes it. Throws if no version of ours can have written
 * it.
 */
export function applyEntry(view: PartitionView, key: string, value: string | null): void {
  kindOf('shown', key).apply(view, key, value);
}

/** Loads what a store has of a partition, for its owner. */
export function loadEntries(ledger: Ledger, view: PartitionView, space: Space, entries: Entries): void {
  for (const { key, value } of entries) kindOf(space, key).load(ledger, view, key, value);
}

/** Everything that was touched in a ledger. */
export function* touchedEntries(ledger: Ledger, touched: Touched): Generator<EntryChange> {
  for (const kind of KINDS) yield* kind.touched(ledger, touched);
}

/** The number of a settled entity, which its entry is stored under; Infinity for a live one. */
export function settlingOf(entry: string): number {
  return entry.startsWith(SETTLED.prefix) ? Number(entry.slice(SETTLED.prefix.length)) : Infinity;
}

export function encodeTotal(total: readonly bigint[]): string {
  return total.join(' ');
}

/** Undefined if only another version has the family: it is on no page, and the state's head reports it. */
export function parseSeriesKey(key: string): { family: Family; labels: readonly string[] } | undefined {
  const gap = key.indexOf(' ');
  const family = SUM_FAMILIES.get(key.slice(0, gap));
  if (family === undefined) return undefined;
  return { family, labels: JSON.parse(key.slice(gap + 1)) as readonly string[] };
}

// ---- the kinds as one list --------------------------------------------------------------------------------

interface ErasedKind {
  readonly space: Space;
  readonly prefix: string;
  readonly apply: (view: PartitionView, key: string, text: string | null) => void;
  readonly load: (ledger: Ledger, view: PartitionView, key: string, text: string) => void;
  readonly touched: (ledger: Ledger, touched: Touched) => Generator<EntryChange>;
}

function erased<V>(kind: EntryKind<V>): ErasedKind {
  const { space, prefix, decode, view: put, ledger: folded } = kind;
  return {
    space,
    prefix,
    apply: (view, key, text) => put(view, key.slice(prefix.length), text === null ? undefined : decode(text)),
    load(ledger, view, key, text) {
      const name = key.slice(prefix.length);
      const value = decode(text);
      folded?.[0](ledger).set(name, value);
      put(view, name, value);
    },
    *touched(ledger, touched) {
      if (folded === undefined) return;
      const [mapOf, namesOf] = folded;
      const map = mapOf(ledger);
      for (const name of namesOf(touched)) yield entryChange(kind, name, () => map.get(name));
    },
  };
}

/** A change to an entry; undefined: it is removed. */
export function entryChange<V>(
  { space, prefix, encode }: EntryKind<V>,
  name: string,
  valueOf: () => V | undefined,
): EntryChange {
  const text = (): string | null => {
    const value = valueOf();
    return value === undefined ? null : encode(value);
  };
  return { space, key: prefix + name, text };
}

function kindOf(space: Space, key: string): ErasedKind {
  const kind = KINDS.find((one) => one.space === space && key.startsWith(one.prefix));
  if (kind === undefined) throw new Error(`the store holds an entry of an unknown kind: ${key.slice(0, 80)}`);
  return kind;
}
