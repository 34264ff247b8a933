import { formatTime } from '../../events/time';
import { dollarsText, gpuHours } from './amount';
import type { Amount } from './amount';
import type { Column } from './column';
import type { Row } from './rows';
import type { Span } from './span';

/**
 * `{from, to, rows, total}`, with a line per row. Dollars are numbers with all their digits, which may be
 * more than a double holds.
 */
export function* jsonLines(
  { fromMs, toMs }: Span,
  columns: readonly Column[],
  rows: readonly Row[],
  total: Amount,
): Generator<string> {
  yield `{"from":"${formatTime(fromMs)}","to":"${formatTime(toMs)}","rows":[`;
  for (const [i, { values, kind, amount }] of rows.entries()) {
    const members = columns.map(
      (column, at) => `${JSON.stringify(column)}:${JSON.stringify(values[at] ?? '')}`,
    );
    yield `${i === 0 ? '' : ','}\n{${[...members, `"kind":"${kind}"`, amountMembers(amount)].join(',')}}`;
  }
  yield `\n],"total":{${amountMembers(total)}}}\n`;
}

function amountMembers(amount: Amount): string {
  return `"cost_dollars":${dollarsText(amount)},"gpu_hours":${String(gpuHours(amount))}`;
}
