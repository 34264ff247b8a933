import type { LedgerSettings } from '../fold/ledger';
import type { EventLog } from '../log/port';
import { emptyView } from '../view/view';
import type { PartitionView } from '../view/view';
import type { GenerationStore } from '../store/port';
import type { SeriesChange } from './series-change';
import { compareViews } from './comparison';
import { inParallel } from './parallel';
import { boundsOf } from './read';
import type { OnFolded } from './read';
import { recompute, targetOf } from './recompute';
import { readSnapshots } from './snapshot';

export interface DryRunOptions {
  readonly log: EventLog;
  readonly store: GenerationStore;
  readonly settings: LedgerSettings;
  readonly onTotal: (records: number) => void;
  readonly onFolded: OnFolded;
}

const PARTITIONS_AT_ONCE = 4;

/** What a replay would change, as of the running generation's present positions. Nothing is written. */
export async function dryRun(options: DryRunOptions): Promise<readonly SeriesChange[]> {
  const { log, store, settings, onFolded } = options;
  const snapshots = await readSnapshots(
    store,
    Array.from({ length: log.partitions }, () => null),
  );
  const bounds = await boundsOf(log);
  options.onTotal(snapshots.reduce((sum, snapshot) => sum + (snapshot?.head.positions.lifecycle ?? 0), 0));
  const rebuilt: PartitionView[] = snapshots.map(emptyView);
  await inParallel(snapshots, PARTITIONS_AT_ONCE, async (snapshot, i) => {
    const range = bounds[i];
    if (snapshot === null || range === undefined) return;
    const target = { to: targetOf(snapshot.head, range), endMs: snapshot.head.pageTimeMs };
    const { view } = await recompute({ log, settings, bounds: range, onFolded }, i, target);
    rebuilt[i] = view;
  });
  const shown = snapshots.map((snapshot) => snapshot?.view ?? emptyView());
  return compareViews(shown, rebuilt).changes;
}
