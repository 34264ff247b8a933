import { microsOf } from '../fact';
import type { Micros } from '../fact';

/** A time of a row: in rows that were read, there is nothing else where a time belongs. */
export function at(text: string): Micros {
  const micros = microsOf(text);
  if (micros === null) throw new Error('a time of a row that was not read');
  return micros;
}
