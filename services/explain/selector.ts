import { ENTITY_FAMILIES, SUM_FAMILIES } from '../catalogue/families';
import type { Family } from '../catalogue/family';
import { shapesOf } from '../catalogue/shape';
import type { SeriesShape } from '../catalogue/shape';
import { METRIC_NAME, atEnd, cursorOf, found, skipBlanks, takeMatch } from '../exposition/cursor';
import { readLabels } from '../exposition/labels';

/** Series of one family, by some of their labels. */
export interface Selector {
  /** As written: for a histogram, with the suffix of the part. */
  readonly name: string;
  readonly family: Family;
  /** Which of the family's series. */
  readonly suffix: SeriesShape['suffix'];
  /** Labels that the series must have, with these values. */
  readonly labels: ReadonlyMap<string, string>;
}

export type ParsedSelector =
  { readonly ok: true; readonly selector: Selector } | { readonly ok: false; readonly detail: string };

/** Reads `name{label="value",…}` or just a name, as on a page or in PromQL's simplest selector. */
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
  const known = named.suffix === '_bucket' ? [...named.family.labels, 'le'] : named.family.labels;
  const unknown = [...labels.keys()].find((label) => !known.includes(label));
  if (unknown !== undefined) return refuse(`${name} has no label ${unknown}, only ${known.join(', ')}`);
  return { ok: true, selector: { name, labels, ...named } };
}

function refuse(detail: string): ParsedSelector {
  return { ok: false, detail };
}

function whyNone(name: string): string {
  if (SUM_FAMILIES.has(name)) return `${name} is a histogram: name its _bucket, _sum or _count`;
  return `${name} is not a family made from entities (samples are shown as they came)`;
}

function familyOf(name: string): Pick<Selector, 'family' | 'suffix'> | undefined {
  for (const family of ENTITY_FAMILIES) {
    const shape = shapesOf(family).find(({ suffix }) => `${family.name}${suffix}` === name);
    if (shape !== undefined) return { family, suffix: shape.suffix };
  }
  return undefined;
}
