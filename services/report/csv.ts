import { dollarsText, gpuHours } from './amount';
import type { Column } from './column';
import type { Row } from './rows';

/** RFC 4180: a cell is quoted if need be. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The names of the columns, then a line per row. */
export function* csvLines(columns: readonly Column[], rows: readonly Row[]): Generator<string> {
  yield csvLine([...columns, 'kind', 'cost_dollars', 'gpu_hours']);
  for (const { values, kind, amount } of rows)
    yield csvLine([...values, kind, dollarsText(amount), String(gpuHours(amount))]);
}
