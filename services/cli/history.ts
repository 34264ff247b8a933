import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import type { FleetEvent } from '../../events/event';
import type { Refusal } from '../../events/refusal';
import { partitionOf, routeOf } from '../../events/routing';
import type { EntityFold } from '../history/entities';
import { lengthOf, readTopic } from '../history/whole-topic';
import { judgeFile } from './judge-file';
import { withLog } from './log-at-rest';
import { openProgress } from './progress';
import type { Settings } from './settings';

/** Where a history is read from: a file (or `-`) as `render` reads it, or the log. */
export interface HistorySource {
  readonly events?: string;
}

/** Has the whole history judged, in order. What can't be taken of a file is reported, see judgeFile(). */
export function judgeHistory({ events }: HistorySource, settings: Settings, fold: EntityFold): Promise<void> {
  if (events === undefined) return judgeLog(settings, fold);
  return judgeFile(events, (line) => takeLine(line, settings.partitions, fold));
}

function takeLine(line: Buffer, partitions: number, fold: EntityFold): Refusal | undefined {
  const decoded = decodeEvent(line);
  if (!decoded.ok) return decoded.refusal;
  const verdict = fold.take(decoded.event, placeOf(decoded.event, partitions), null);
  return verdict.kind === 'refused' ? verdict : undefined;
}

function placeOf(event: FleetEvent, partitions: number): number {
  return partitionOf(routeOf(event).key, partitions);
}

/** Samples don't matter to figures that are made from entities. */
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
