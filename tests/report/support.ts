import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { openEntities } from '../../services/history/entities';
import { type Column } from '../../services/report/column';
import { openCostReport, type CostReport } from '../../services/report/cost';
import { spansOf } from '../../services/report/span';
import { type Settings } from '../support/history';

/** What `cost` reports of the lines of a file. */
export function reportOf(
  lines: readonly string[],
  settings: Settings,
  fromMs: number,
  toMs: number,
  columns: readonly Column[],
  project: string | null = null,
): ReturnType<CostReport['finish']> {
  const report = openCostReport(spansOf(fromMs, toMs, columns), columns, project);
  const fold = openEntities({ ...settings, asOfMs: null }, settings.partitions, fromMs, report.add);
  for (const line of lines) {
    const decoded = decodeEvent(Buffer.from(line));
    if (!decoded.ok) continue;
    fold.take(decoded.event, partitionOf(routeOf(decoded.event).key, settings.partitions), null);
  }
  fold.finish();
  return report.finish();
}
