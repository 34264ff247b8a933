import type { LedgerSettings } from '../fold/ledger';
import type { EventLog } from '../log/port';
import type { Partition } from '../partition/partition';
import type { GenerationNames, GenerationStore, Standing } from '../store/port';
import type { SeriesChange } from './series-change';
import { inParallel } from './parallel';
import { boundsOf } from './read';
import type { OnFolded } from './read';
import { openRebuilt, rebuildTo } from './rebuild';
import { targetOf } from './recompute';
import { readSnapshots } from './snapshot';
import type { Replica } from '../view/replica';
import { ReplayStopped, answered } from './stopped';
import { switchOver, troubleOf } from './switch';

export interface ReplayOptions {
  readonly log: EventLog;
  readonly store: GenerationStore;
  readonly settings: LedgerSettings;
  /** Shows the ledger even if a counter falls. */
  readonly allowDecrease: boolean;
  /** Goes back to the previous generation, folded on to the present, instead of building a new one. */
  readonly rollback: boolean;
  /** How many records will be folded, as far as known. */
  readonly onTotal: (records: number) => void;
  readonly onFolded: OnFolded;
  readonly onStep: (step: string) => void;
  /** Called before the switch is made, with the counters that change and how many series are held. */
  readonly onChanges: (changes: readonly SeriesChange[], held: number) => void;
}

export interface Replayed {
  readonly from: string;
  readonly to: string;
}

const PARTITIONS_AT_ONCE = 4;
/** This close to the running generation, the rest is folded while that one is sealed. */
const NEAR_RECORDS = 2000;
/** In case the log grows as fast as it is folded. */
const ROUNDS = 20;

/**
 * Rebuilds the state from the log beside the running one, never past it, and switches to it. If it is
 * interrupted and run again, it continues from what was committed. Throws ReplayStopped, LogReadError,
 * StoreReadError; the running generation is not affected.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { store } = options;
  const names = answered(await store.generations.names());
  const from = names.current;
  let standings = await standingsOf(store, from);
  if (standings.every(({ head }) => head === null)) {
    throw new ReplayStopped('refused', 'there is no state to rebuild: an aggregator folds the log by itself');
  }
  const trouble = troubleOf(standings);
  if (trouble !== undefined && !options.allowDecrease) throw new ReplayStopped('refused', trouble);
  const { to, partitions } = await openTarget(options, names, standings);
  for (
    let round = 0;
    round === 0 || (round < ROUNDS && lagOf(partitions, standings) > NEAR_RECORDS);
    round++
  ) {
    options.onTotal(lagOf(partitions, standings));
    await foldAll(options, to, partitions, standings);
    standings = await standingsOf(store, from);
  }
  options.onStep(`generation ${to} is near to where the running one stands`);
  await switchOver({
    ...options,
    from,
    to,
    partitions,
    snapshots: await snapshotsOf(options, from, standings),
    foldOn: (sealed) => foldAll(options, to, partitions, sealed),
  });
  if (names.previous !== null && names.previous !== to) await store.generations.drop(names.previous);
  return { from, to };
}

async function standingsOf({ generations }: GenerationStore, name: string): Promise<readonly Standing[]> {
  return answered(await generations.standings(name)).partitions;
}

function lagOf(partitions: readonly Partition[], standings: readonly Standing[]): number {
  return partitions.reduce((sum, { positions }, i) => {
    const to = standings[i]?.head?.positions ?? { lifecycle: 0, telemetry: 0 };
    return sum + Math.max(0, to.lifecycle - positions.lifecycle);
  }, 0);
}

async function foldAll(
  { log, store, settings, onFolded }: ReplayOptions,
  to: string,
  partitions: readonly Partition[],
  standings: readonly Standing[],
): Promise<void> {
  const rebuilt = store.generations.open(to);
  const bounds = await boundsOf(log);
  await inParallel(partitions, PARTITIONS_AT_ONCE, async (partition, i) => {
    const head = standings[i]?.head ?? null;
    const range = bounds[i];
    if (head === null || range === undefined) return;
    const target = { to: targetOf(head, range), endMs: head.pageTimeMs };
    await rebuildTo({ log, settings, bounds: range, onFolded }, rebuilt, partition, target);
  });
}

/** Reads what it can of the running generation now, so that little is left to read while it is sealed. */
async function snapshotsOf(
  { store }: ReplayOptions,
  from: string,
  standings: readonly Standing[],
): Promise<readonly (Replica | null)[]> {
  const none = standings.map(() => null);
  const trouble = troubleOf(standings);
  return trouble === undefined ? readSnapshots(store.generations.open(from), none) : none;
}

// ---- the generation to switch to --------------------------------------------------------------------------

interface Target {
  readonly to: string;
  readonly partitions: readonly Partition[];
}

async function openTarget(
  options: ReplayOptions,
  { previous }: GenerationNames,
  standings: readonly Standing[],
): Promise<Target> {
  const { store, rollback, onStep } = options;
  if (rollback) {
    if (previous === null) throw new ReplayStopped('refused', 'there is no generation to go back to');
    const opened = await openAll(options, previous, standings);
    if (typeof opened === 'string')
      throw new ReplayStopped('refused', `generation ${previous} can't be continued: ${opened}`);
    return opened;
  }
  const { name } = answered(await store.generations.build());
  const opened = await openAll(options, name, standings);
  if (typeof opened !== 'string') return opened;
  onStep(`generation ${name} was begun before and can't be continued: ${opened}`);
  answered(await store.generations.drop(name));
  const again = answered(await store.generations.build());
  const anew = await openAll(options, again.name, standings);
  if (typeof anew === 'string') throw new Error(`an empty generation can't be continued: ${anew}`);
  return anew;
}

/** Returns a text that says why if it can't be continued. */
async function openAll(
  { store, settings, onStep }: ReplayOptions,
  name: string,
  standings: readonly Standing[],
): Promise<Target | string> {
  const rebuilt = store.generations.open(name);
  const partitions: Partition[] = [];
  let trouble: string | undefined;
  await inParallel(standings, PARTITIONS_AT_ONCE, async ({ head }, i) => {
    const opened = await openRebuilt(rebuilt, i, settings);
    if (typeof opened === 'string') {
      trouble = opened;
      return;
    }
    partitions[i] = opened;
    const { positions, pageTimeMs } = opened;
    const isAhead =
      positions.lifecycle > (head?.positions.lifecycle ?? 0) || (pageTimeMs ?? 0) > (head?.pageTimeMs ?? 0);
    if (isAhead) trouble = `partition ${String(i)} is ahead of the running generation, whose store went back`;
  });
  if (trouble !== undefined) return trouble;
  const begun = partitions.some(({ positions }) => positions.lifecycle > 0);
  onStep(begun ? `going on with generation ${name}` : `building generation ${name}`);
  return { to: name, partitions };
}
