import { growthAt } from './family';
import type { Growth } from './family';
import { LINEAR_NUMBERS, linearOf, unitsAt } from './linear';

/**
 * What grows of one sum, entity by entity, to be added up at any page time: whole units each, so there is no
 * shorter way than to look at all. What is looked at is one row of numbers, a third of the time of an object
 * each. An entity's place is filled by the last one when it goes.
 */
export interface GrowingSum {
  /** Where an entity stands, by its key. */
  readonly places: Map<string, number>;
  readonly keys: string[];
  readonly growths: Growth[];
  /** LINEAR_NUMBERS each; made when it is first added up, NOT_MADE till then. */
  row: Float64Array;
}

const NOT_MADE = NaN;

export function emptyGrowingSum(): GrowingSum {
  return { places: new Map(), keys: [], growths: [], row: new Float64Array(0) };
}

export function addGrowing(sum: GrowingSum, key: string, growth: Growth): void {
  const place = sum.places.get(key) ?? sum.keys.length;
  sum.places.set(key, place);
  sum.keys[place] = key;
  sum.growths[place] = growth;
  if ((place + 1) * LINEAR_NUMBERS > sum.row.length) sum.row = enlarged(sum.row);
  sum.row[place * LINEAR_NUMBERS] = NOT_MADE;
}

export function removeGrowing(sum: GrowingSum, key: string): void {
  const { places, keys, growths, row } = sum;
  const place = places.get(key);
  if (place === undefined) return;
  places.delete(key);
  const lastKey = keys.pop();
  const lastGrowth = growths.pop();
  if (lastKey === undefined || lastGrowth === undefined || lastKey === key) return;
  places.set(lastKey, place);
  keys[place] = lastKey;
  growths[place] = lastGrowth;
  row.copyWithin(place * LINEAR_NUMBERS, keys.length * LINEAR_NUMBERS, (keys.length + 1) * LINEAR_NUMBERS);
}

function enlarged(row: Float64Array): Float64Array {
  const larger = new Float64Array(Math.max(LINEAR_NUMBERS, row.length * 2));
  larger.set(row);
  return larger;
}

/** In doubles as far as they are exact: see linear.ts. */
export function grownAt({ growths, row }: GrowingSum, pageTimeMs: number): bigint {
  let large = 0n;
  let small = 0;
  const end = growths.length * LINEAR_NUMBERS;
  for (let at = 0; at < end; at += LINEAR_NUMBERS) {
    const units = unitsAt(row, at, pageTimeMs);
    if (units < 0) large += slowlyGrownAt(growths, row, at, pageTimeMs);
    else if (small + units <= Number.MAX_SAFE_INTEGER) small += units;
    else {
      large += BigInt(small);
      small = units;
    }
  }
  return large + BigInt(small);
}

/** Of one that is seen for the first time, or that doubles alone can't tell. */
function slowlyGrownAt(
  growths: readonly Growth[],
  row: Float64Array,
  at: number,
  pageTimeMs: number,
): bigint {
  const growth = growths[at / LINEAR_NUMBERS];
  if (growth === undefined) return 0n;
  if (Number.isNaN(row[at])) row.set(linearOf(growth), at);
  return growthAt(growth, pageTimeMs);
}
