import type { LedgerSettings } from '../fold/ledger';
import type { EventLog } from '../log/port';
import type { PartitionView } from '../view/view';
import { boundsOf } from './read';
import type { OnFolded } from './read';
import { recompute } from './recompute';
import { inParallel } from './parallel';

export interface AsOfOptions {
  readonly log: EventLog;
  readonly settings: Omit<LedgerSettings, 'asOfMs'>;
  readonly atMs: number;
  readonly onTotal: (records: number) => void;
  readonly onFolded: OnFolded;
}

const PARTITIONS_AT_ONCE = 4;

/**
 * The partitions as of a moment, from the log as it is now: all records are judged, then facts later than the
 * moment are left out.
 */
export async function viewsAsOf(options: AsOfOptions): Promise<readonly PartitionView[]> {
  const { log, atMs, onFolded } = options;
  const settings = { ...options.settings, asOfMs: atMs };
  const bounds = await boundsOf(log);
  options.onTotal(bounds.reduce((sum, { lifecycle }) => sum + lifecycle.end, 0));
  const views: PartitionView[] = [];
  await inParallel(bounds, PARTITIONS_AT_ONCE, async (range, partition) => {
    const to = { lifecycle: range.lifecycle.end, telemetry: range.telemetry.end };
    const target = { to, endMs: atMs };
    views[partition] = (await recompute({ log, settings, bounds: range, onFolded }, partition, target)).view;
  });
  return views;
}
