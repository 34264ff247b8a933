/** The reader against Python's parsers (`prometheus_client`), page by page. */
import { readPage } from '../../services/exposition/reader';
import { parseWithPython, type Parsed } from '../support/python';
import { randomPage, type RandomPage } from './random-page';

export interface Compared {
  readonly valid: number;
  readonly invalid: number;
  /** One a line, with the seed that makes the page. */
  readonly differences: readonly string[];
}

export function comparePages(firstSeed: number, count: number): Compared {
  const pages = Array.from({ length: count }, (_, i) => randomPage(firstSeed + i));
  const theirs = parseWithPython(pages.map(({ format, text }) => ({ format, page: text })));
  const differences = pages.flatMap((page, i) => {
    const difference = differenceOf(page, theirs[i]);
    return difference === undefined
      ? []
      : [`seed ${String(firstSeed + i)}: ${difference}: ${JSON.stringify(page.text)}`];
  });
  const valid = pages.filter(({ isValid }) => isValid).length;
  return { valid, invalid: count - valid, differences };
}

function differenceOf({ format, text, isValid }: RandomPage, theirs: Parsed | undefined): string | undefined {
  const ours = readPage(Buffer.from(text), format);
  if (theirs === undefined || ours.kind !== 'page') return 'not read';
  if (!isValid) {
    if (ours.badLineCount === 0) return 'an invalid page was taken';
    return 'refused' in theirs ? undefined : 'Python takes an invalid page';
  }
  if ('refused' in theirs) return `Python refuses a valid page: ${theirs.refused}`;
  if (ours.badLineCount > 0) return `a valid page was refused: ${JSON.stringify(ours.badLines)}`;
  const mine = ours.samples.map(({ name, labels, value }) => keyOf(name, [...labels], value));
  const other = theirs.series.map(([name, labels, value]) => keyOf(name, labels, value));
  const at = mine.findIndex((key, i) => key !== other[i]);
  if (at >= 0 || mine.length !== other.length) return `${String(mine[at])} against ${String(other[at])}`;
  return undefined;
}

function keyOf(name: string, labels: readonly (readonly [string, string])[], value: number): string {
  return JSON.stringify([name, labels, Object.is(value, -0) ? '-0' : String(value)]);
}
