import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import { formatTime } from '../../events/time';
import { entityKey } from '../fold/fact';
import type { LedgerSettings } from '../fold/ledger';
import type { EventLog } from '../log/port';
import { decodeFoldHead, foldMismatch } from '../view/fold-head';
import type { PartitionView } from '../view/view';
import type { GenerationStore } from '../store/port';
import { differencesOf, scalarDifferences } from './difference';
import type { Difference, Selection } from './difference';
import { boundsOf } from './read';
import type { OnFolded } from './read';
import { recompute, targetOf } from './recompute';
import { readSnapshots } from './snapshot';
import type { Replica } from '../view/replica';
import { ReplayStopped } from './stopped';
import { tombstoneDifferences } from './tombstones';

export interface VerifyOptions {
  readonly log: EventLog;
  readonly store: GenerationStore;
  readonly settings: LedgerSettings;
  /** null: all projects. */
  readonly project: string | null;
  /** Compare this many entities, drawn at random, and nothing else; null: everything. */
  readonly sample: number | null;
  /** How many records will be folded. */
  readonly onTotal: (records: number) => void;
  readonly onFolded: OnFolded;
}

export interface Verified {
  readonly differences: readonly Difference[];
  /** How many entities were compared. */
  readonly entities: number;
  /**
   * The lifecycle records that made the differing entities, by entity key; for a limited number of entities.
   */
  readonly events: ReadonlyMap<string, readonly LoggedEvent[]>;
}

export interface LoggedEvent {
  readonly partition: number;
  readonly offset: number;
  readonly type: string;
  readonly time: string;
  readonly source: string;
  readonly id: string;
}

/**
 * Recomputes from the log what the store shows, at the same positions and page times, and compares the two.
 * The store may move on meanwhile. Of holds it is only checked that they are above the ledger.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const { log, store, settings } = options;
  const snapshots = await readSnapshots(
    store,
    Array.from({ length: log.partitions }, () => null),
  );
  const bounds = await boundsOf(log);
  const chosen = chooseEntities(options, snapshots);
  const differences: Difference[] = [];
  const events = new Map<string, readonly LoggedEvent[]>();
  let entities = 0;
  const asked = snapshots.flatMap((snapshot, partition) => {
    const picked = chosen === null ? null : (chosen.get(partition) ?? new Set<string>());
    return snapshot === null || picked?.size === 0 ? [] : [{ snapshot, partition, entities: picked }];
  });
  options.onTotal(asked.reduce((sum, { snapshot }) => sum + snapshot.head.positions.lifecycle, 0));
  for (const { snapshot, partition, entities: picked } of asked) {
    const { view, head } = snapshot;
    const range = bounds[partition];
    const fold = decodeFoldHead(head.fold);
    const mismatch = foldMismatch(fold, settings);
    if (mismatch !== undefined)
      throw new ReplayStopped('refused', `the state can't be compared: ${mismatch}`);
    if (range === undefined) continue;
    const recomputing = { log, settings, bounds: range, onFolded: options.onFolded };
    const to = { to: targetOf(head, range), endMs: head.pageTimeMs };
    const rebuilt = await recompute(recomputing, partition, to);
    const selection: Selection = { project: options.project, entities: picked };
    const found = differencesOf(partition, view, rebuilt.view, selection);
    if (picked === null && options.project === null) {
      found.push(...scalarDifferences(partition, fold.scalars, rebuilt.ledger.scalars));
      found.push(...(await tombstoneDifferences(store, log, rebuilt, snapshot)));
    }
    entities += countOf(view, selection);
    for (const [key, of] of await eventsOf(log, partition, entitiesIn(found), to.to.lifecycle))
      events.set(key, of);
    differences.push(...found);
  }
  return { differences, entities, events };
}

/** Entry keys by partition. */
function chooseEntities(
  { sample }: VerifyOptions,
  snapshots: readonly (Replica | null)[],
): Map<number, Set<string>> | null {
  if (sample === null) return null;
  const all = snapshots.flatMap((snapshot, partition) =>
    [...(snapshot?.view.entities.keys() ?? [])].map((key) => ({ partition, key })),
  );
  const chosen = new Map<number, Set<string>>();
  for (let n = Math.min(sample, all.length); n > 0; n--) {
    const [one] = all.splice(Math.floor(Math.random() * all.length), 1);
    if (one === undefined) break;
    const keys = chosen.get(one.partition) ?? new Set();
    chosen.set(one.partition, keys.add(one.key));
  }
  return chosen;
}

function countOf({ entities }: PartitionView, { entities: picked }: Selection): number {
  return picked === null ? entities.size : picked.size;
}

/** More than these point to another cause than these events. */
const TOLD_ENTITIES = 20;
const TOLD_EVENTS = 50;

function entitiesIn(differences: readonly Difference[]): Set<string> {
  const keys = new Set<string>();
  for (const { entity } of differences)
    if (entity !== undefined && keys.size < TOLD_ENTITIES) keys.add(entity);
  return keys;
}

async function eventsOf(
  log: EventLog,
  partition: number,
  entities: ReadonlySet<string>,
  to: number,
): Promise<Map<string, LoggedEvent[]>> {
  const events = new Map<string, LoggedEvent[]>();
  if (entities.size === 0) return events;
  for await (const records of log.read('lifecycle', partition, 0, to)) {
    for (const { offset, value } of records) {
      const decoded = value === null ? undefined : decodeEvent(value);
      if (decoded?.ok !== true || isTelemetry(decoded.event)) continue;
      const { type, timeMs, source, id } = decoded.event;
      const key = entityKey(decoded.event.about);
      const told = events.get(key) ?? [];
      if (!entities.has(key) || told.length === TOLD_EVENTS) continue;
      events.set(key, [...told, { partition, offset, type, time: formatTime(timeMs), source, id }]);
    }
  }
  return events;
}
