import { OWN_FAMILIES, SUM_FAMILIES } from '../catalogue/index';
import type { Family } from '../catalogue/figures';
import { METRIC_NAME, atEnd, cursorOf, found, skipBlanks, takeMatch } from '../exposition/cursor';
import { readLabels } from '../exposition/labels';

/** Series of one family, by some of their labels. */
export interface Selector {
  /** As it was written: a histogram's has the suffix of its part. */
  readonly name: string;
  readonly family: Omit<Family, 'bounds'> & Pick<Partial<Family>, 'bounds'>;
  readonly part: 'value' | HistogramPart;
  /** Labels that the series must have, with these values. */
  readonly labels: ReadonlyMap<string, string>;
}

export type HistogramPart = 'bucket' | 'sum' | 'count';

export type ParsedSelector =
  { readonly ok: true; readonly selector: Selector } | { readonly ok: false; readonly detail: string };

/** Reads `name{label="value",…}` or a name alone, as a page or PromQL's plainest selector has it. */
export function parseSelector(text: string): ParsedSelector {
  const cursor = cursorOf(text.trim());
  const name = takeMatch(cursor, METRIC_NAME);
  if (name === null) return refuse(`expected a metric name, found ${found(cursor)}`);
  skipBlanks(cursor);
  const labels = readLabels(cursor, 'text', new Map());
  if (labels === null) return refuse(cursor.fault?.reason ?? 'its labels can’t be read');
  skipBlanks(cursor);
  if (!atEnd(cursor)) return refuse(`expected nothing after the labels, found ${found(cursor)}`);
  const named = familyOf(name);
  if (named === undefined) return refuse(whyNone(name));
  const known = named.part === 'bucket' ? [...named.family.labels, 'le'] : named.family.labels;
  const unknown = [...labels.keys()].find((label) => !known.includes(label));
  if (unknown !== undefined) return refuse(`${name} has no label ${unknown}, only ${known.join(', ')}`);
  return { ok: true, selector: { name, labels, ...named } };
}

function refuse(detail: string): ParsedSelector {
  return { ok: false, detail };
}

function whyNone(name: string): string {
  if (SUM_FAMILIES.has(name)) return `${name} is a histogram: name its _bucket, _sum or _count`;
  return `${name} is no family that is made of entities (samples are shown as they came)`;
}

function familyOf(name: string): Pick<Selector, 'family' | 'part'> | undefined {
  const own = OWN_FAMILIES.find((family) => family.name === name);
  if (own !== undefined) return { family: own, part: 'value' };
  const sum = SUM_FAMILIES.get(name);
  if (sum !== undefined) return sum.bounds === undefined ? { family: sum, part: 'value' } : undefined;
  for (const part of ['bucket', 'sum', 'count'] as const) {
    const suffix = `_${part}`;
    const histogram = name.endsWith(suffix) ? SUM_FAMILIES.get(name.slice(0, -suffix.length)) : undefined;
    if (histogram?.bounds !== undefined) return { family: histogram, part };
  }
  return undefined;
}
