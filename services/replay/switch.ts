import { setTimeout as delay } from 'node:timers/promises';
import { decodeFoldHead, versionMismatch } from '../view/fold-head';
import { emptyView } from '../view/view';
import type { PartitionView } from '../view/view';
import { holdAs } from '../partition/commit';
import type { Partition } from '../partition/partition';
import type { GenerationStore, Standing } from '../store/port';
import type { SeriesChange } from './series-change';
import { compareViews } from './comparison';
import type { LedgerSettings } from '../fold/ledger';
import { readSnapshots } from './snapshot';
import type { Replica } from '../view/replica';
import { ReplayStopped, answered } from './stopped';
import { commitRebuilt } from './rebuild';

/** How long owners leave a switch alone; extended while this process lives. */
const LEASE_MS = 15_000;
const EXTEND_MS = 5_000;
const PUBLISH_ATTEMPTS = 30;
const RETRY_MS = 1000;

export interface Switching {
  readonly store: GenerationStore;
  readonly settings: LedgerSettings;
  readonly from: string;
  readonly to: string;
  /** Of the new generation, close to the positions of the current one. */
  readonly partitions: readonly Partition[];
  /** What was read of the current one so far. */
  readonly snapshots: readonly (Replica | null)[];
  readonly allowDecrease: boolean;
  /** Folds the new generation on to exactly these. */
  readonly foldOn: (sealed: readonly Standing[]) => Promise<void>;
  /** Called before the switch is made. */
  readonly onChanges: (changes: readonly SeriesChange[], held: number) => void;
  readonly onStep: (step: string) => void;
}

/**
 * Makes the new generation current. Whatever goes wrong before that leaves the old one as it was: its seals
 * end with the switch, or when they expire because this process is gone.
 */
export async function switchOver(switching: Switching): Promise<void> {
  const { store, from, to, onStep } = switching;
  const begun = answered(await store.generations.beginSwitch(from, to, LEASE_MS));
  if (begun.kind === 'refused') {
    throw new ReplayStopped(
      'refused',
      `generation ${from} is no longer current: another replay has switched`,
    );
  }
  const { id } = begun;
  const lease = keep(store, id);
  try {
    const sealed = await Promise.all(
      switching.partitions.map(async ({ number }) =>
        answered(await store.generations.seal(from, id, number)),
      ),
    );
    onStep('sealed the running generation');
    await finish(switching, sealed);
    await publish(store, id);
  } catch (error) {
    // If that fails, they expire soon.
    await store.generations.endSwitch(id).catch(() => undefined);
    throw error;
  } finally {
    await lease.stop();
  }
  onStep(`switched from generation ${from} to ${to}`);
}

/** Brings the new generation to where the sealed one stands, and holds what would fall. */
async function finish(switching: Switching, sealed: readonly Standing[]): Promise<void> {
  const { store, to, partitions, onStep } = switching;
  const rebuilt = store.generations.open(to);
  const heads = sealed.map(({ head }) => head);
  await switching.foldOn(sealed);
  onStep('folded the new one to the same positions');
  await hold(switching, sealed);
  for (const [i, partition] of partitions.entries()) {
    const head = heads[i] ?? null;
    if (head !== null) await commitRebuilt(rebuilt, partition, head.pageTimeMs);
  }
}

async function hold(switching: Switching, sealed: readonly Standing[]): Promise<void> {
  const { partitions, allowDecrease } = switching;
  const trouble = troubleOf(sealed);
  if (trouble !== undefined && !allowDecrease) throw new ReplayStopped('refused', trouble);
  if (trouble !== undefined) {
    for (const partition of partitions) holdAs(partition, new Map());
    switching.onStep(`not compared, so nothing is held: ${trouble}`);
    return;
  }
  const before = await sealedViews(switching, sealed);
  const { changes, wanted } = compareViews(
    before,
    partitions.map(({ view }) => view),
  );
  let held = 0;
  partitions.forEach((partition, i) => {
    holdAs(partition, allowDecrease ? new Map() : (wanted[i] ?? new Map()));
    held += partition.view.holds.size;
  });
  switching.onChanges(changes, held);
}

/** Why it is unknown what was shown of the partitions. */
export function troubleOf(standings: readonly Standing[]): string | undefined {
  for (const [partition, standing] of standings.entries()) {
    const trouble = partitionTrouble(standing, partition);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function partitionTrouble({ head, behind }: Standing, partition: number): string | undefined {
  if (head === null) return undefined;
  const name = `partition ${String(partition)}`;
  if (behind) {
    return `${name} is behind what may have been shown: let the aggregator catch up first, or give --allow-decrease`;
  }
  const mismatch = versionMismatch(decodeFoldHead(head.fold));
  if (mismatch === undefined) return undefined;
  return `${name} can't be compared: ${mismatch}; give --allow-decrease to switch anyway`;
}

async function sealedViews(
  { store, from, snapshots }: Switching,
  sealed: readonly Standing[],
): Promise<PartitionView[]> {
  const now = await readSnapshots(store.generations.open(from), snapshots);
  return sealed.map(({ head }, i) => {
    const snapshot = now[i] ?? null;
    const isSame =
      head === null ? snapshot === null : snapshot?.head.positions.lifecycle === head.positions.lifecycle;
    if (!isSame) throw new ReplayStopped('away', 'the running generation moved while it was sealed');
    return snapshot?.view ?? emptyView();
  });
}

function keep({ generations }: GenerationStore, id: string): { stop(): Promise<void> } {
  const abort = new AbortController();
  const { signal } = abort;
  const keeping = (async () => {
    for (;;) {
      await delay(EXTEND_MS, undefined, { signal });
      await generations.extendSwitch(id, LEASE_MS);
    }
  })().catch(() => undefined);
  return {
    async stop() {
      abort.abort();
      await keeping;
    },
  };
}

/** If asked again after a lost reply, it returns the outcome. */
async function publish({ generations }: GenerationStore, id: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const result = await generations.publish(id);
    if (result.kind === 'published') return;
    if (result.kind === 'ended') {
      throw new ReplayStopped('away', 'the switch was ended before it was made: give the same command again');
    }
    if (attempt === PUBLISH_ATTEMPTS) throw new ReplayStopped('away', result.detail);
    await delay(RETRY_MS);
  }
}
