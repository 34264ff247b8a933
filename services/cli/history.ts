import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import type { RefusalReason } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import type { EntityFold } from '../history/entities';
import { isBlank } from '../history/fold';
import { lengthOf, readTopic } from '../history/whole-topic';
import { openInput, readLines } from './lines';
import { withLog } from './log-at-rest';
import { openProgress } from './progress';
import type { Settings } from './settings';

/** Where a history is read from: a file (or `-`) as `render` reads it, or the log. */
export interface HistorySource {
  readonly events?: string;
}

/** Has the whole history judged, in its order. What a file has that can't be taken is counted on standard error. */
export function judgeHistory({ events }: HistorySource, settings: Settings, fold: EntityFold): Promise<void> {
  return events === undefined ? judgeLog(settings, fold) : judgeFile(events, settings, fold);
}

async function judgeFile(path: string, { partitions }: Settings, fold: EntityFold): Promise<void> {
  const refused = new Map<string, number>();
  for await (const line of readLines((await openInput(path)).stream)) {
    if (isBlank(line)) continue;
    const reason = refusalOf(line, partitions, fold);
    if (reason !== undefined) refused.set(reason, (refused.get(reason) ?? 0) + 1);
  }
  for (const [reason, count] of refused) process.stderr.write(`refused: ${String(count)} ${reason}\n`);
}

function refusalOf(line: Buffer, partitions: number, fold: EntityFold): RefusalReason | undefined {
  const decoded = decodeEvent(line);
  if (!decoded.ok) return decoded.refusal.reason;
  const verdict = fold.take(decoded.event, placeOf(decoded.event, partitions), null);
  return verdict.kind === 'refused' ? verdict.reason : undefined;
}

function placeOf(event: FleetEvent, partitions: number): number {
  return partitionOf(routeOf(event).key, partitions);
}

/** Samples are nothing to the figures that are made of entities. */
function judgeLog(settings: Settings, fold: EntityFold): Promise<void> {
  return withLog(settings, 'refuse', async (log) => {
    const progress = openProgress('read', await lengthOf(log, 'lifecycle'));
    for await (const records of readTopic(log, 'lifecycle')) {
      for (const { value, partition, appendTimeMs } of records) {
        const decoded = value === null ? undefined : decodeEvent(value);
        if (decoded?.ok !== true || isTelemetry(decoded.event)) continue;
        if (placeOf(decoded.event, log.partitions) !== partition) continue;
        fold.take(decoded.event, partition, appendTimeMs);
      }
      progress.advance(records.length, records.length);
    }
    progress.end();
  });
}
