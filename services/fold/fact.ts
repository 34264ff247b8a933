import type { EntityId, LifecycleEvent } from '../../events/event';
import type { Status } from '../../events/kinds';
import type { OrderKey } from '../../events/order';

/**
 * What one lifecycle event says about one entity, without what the fold has no use for.
 *
 * Glossary
 * - entity: what events are about, by its id; a job by its run's id and its own
 * - description: what an event such as `started` says about an entity, besides its status and price
 * - order: "earlier" and "later" as the contract's ledger defines them
 */
export type Fact<Description, Placement = never> =
  | FactOf<'described', Description>
  | FactOf<'provisioned', Placement>
  | FactOf<'status_changed' | 'price_changed' | 'finished', undefined>;

interface FactOf<Verb extends LifecycleEvent['verb'], Description> extends OrderKey, Said<Description> {
  readonly verb: Verb;
}

/** Undefined means not said: an earlier or a later fact may say it. */
interface Said<Description> {
  readonly status?: Status | undefined;
  readonly nanoDollarsPerHour?: number | undefined;
  readonly description: Description;
  /** Of a finish. */
  readonly reason?: string | undefined;
}

/**
 * All facts have the same members in the same order, even if undefined: there are many of them, and that
 * makes them fast to read.
 */
export function makeFact<Verb extends LifecycleEvent['verb'], Description>(
  { timeMs, sequence, source, id }: LifecycleEvent,
  verb: Verb,
  rank: number,
  { status, nanoDollarsPerHour, description, reason }: Said<Description>,
): FactOf<Verb, Description> {
  return { timeMs, sequence, rank, source, id, verb, status, nanoDollarsPerHour, description, reason };
}

/** An entity's name in maps and in the store: one text, unambiguous whatever the ids are. */
export function entityKey({ kind, id, within }: EntityId): string {
  if (within === undefined) return `${kind}:${keyText(id)}`;
  // The length tells apart ids that contain the separator.
  const whole = keyText(within);
  return `${kind}:${String(whole.length)}:${whole}:${keyText(id)}`;
}

/** For people to read. */
export function entityText({ kind, id, within }: EntityId): string {
  return within === undefined ? `${kind} ${id}` : `${kind} ${within}/${id}`;
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * A text as part of a key. A lone surrogate has no UTF-8, so a store would return another key than was put
 * in: texts with surrogates are written as JSON, and so are texts that could be mistaken for it.
 */
export function keyText(text: string): string {
  return text.startsWith('"') || SURROGATE.test(text) ? JSON.stringify(text) : text;
}

/** A text as a page shows it, in UTF-8: with U+FFFD for a lone surrogate. */
export function shownText(text: string): string {
  return SURROGATE.test(text) ? Buffer.from(text).toString() : text;
}

/**
 * A price as whole nano-dollars an hour, rounded half up from the decimal that JavaScript prints for it
 * (contract, "Money and time"). Exact for 0 to 10^6 dollars: the result is at most 10^15.
 */
export function nanoDollars(dollars: number): number {
  const [digits = '', exponentText] = String(dollars).split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const point = whole.length + 9 + Number(exponentText ?? 0);
  const all = whole + fraction;
  if (point < 0) return 0;
  const kept = all.slice(0, point).padEnd(point, '0');
  const roundsUp = (all[point] ?? '0') >= '5';
  return Number(kept === '' ? '0' : kept) + (roundsUp ? 1 : 0);
}
