import { microsOf, type Micros } from '../fact';

/** A time of a row: rows that were read have nothing else where a time belongs. */
export function at(text: string): Micros {
  const micros = microsOf(text);
  if (micros === null) throw new Error('a time of a row that was not read');
  return micros;
}
