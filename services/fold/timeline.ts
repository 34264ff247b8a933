import type { Status } from '../../events/kinds';
import { lastOf } from './accrual';
import type { Accrual } from './accrual';
import type { Fact } from './fact';

/**
 * An entity's facts, in order, folded into what figures are made of (contract, "The ledger: Facts"). This is
 * what timelines of all kinds have in common; the rest is in each kind's file.
 *
 * Its states: undescribed -> described -> finished. Points (statuses, prices) after the first finish do not
 * count; descriptions do, for the whole life. Since the fold is one pass in order, its state after any prefix
 * of the facts can stand for them: that is how a long timeline is compacted.
 */
export interface CommonTimeline<Description> {
  /** When it was first described; undefined: it is remembered but not shown. */
  startMs: number | undefined;
  description: Description | undefined;
  /** The last status point that counts. */
  status: Status | undefined;
  nanoDollarsPerHour: number;
  finish: { readonly timeMs: number; readonly reason: string } | undefined;
}

/**
 * How a kind's facts become its timeline. A timeline is modified fact by fact while it is made, and never
 * afterwards.
 */
export interface KindFold<Timeline, AnyFact, Event> {
  /** Before any fact. */
  readonly beginning: Readonly<Timeline>;
  readonly copy: (timeline: Readonly<Timeline>) => Timeline;
  /** Adds one more fact, which is later than those before. */
  readonly evolve: (timeline: Timeline, fact: AnyFact) => void;
  /** What an event that describes it says. */
  readonly describe: (event: Event) => AnyFact;
  readonly mapAccruals: (timeline: Readonly<Timeline>, map: (accrual: Accrual) => Accrual) => Timeline;
}

export const BEGINNING: Readonly<CommonTimeline<never>> = {
  startMs: undefined,
  description: undefined,
  status: undefined,
  nanoDollarsPerHour: 0,
  finish: undefined,
};

/**
 * Adds what facts of all kinds have. Returns whether the fact's points count, that is, whether the entity had
 * not finished before.
 * @param implied the status that the fact implies if it names none
 */
export function evolveCommon<Description extends object>(
  timeline: CommonTimeline<Description>,
  fact: Fact<Description, unknown>,
  implied: Status | undefined,
): boolean {
  if (fact.verb === 'described') {
    timeline.startMs ??= fact.timeMs;
    timeline.description = overlay(timeline.description, fact.description);
  }
  if (timeline.finish !== undefined) return false;
  timeline.status = fact.status ?? implied ?? timeline.status;
  timeline.nanoDollarsPerHour = fact.nanoDollarsPerHour ?? timeline.nanoDollarsPerHour;
  if (fact.verb === 'finished') timeline.finish = { timeMs: fact.timeMs, reason: fact.reason ?? '' };
  return true;
}

/** Is this the fact that the entity starts with? */
export function isFirst(timeline: CommonTimeline<unknown>, fact: Fact<unknown, unknown>): boolean {
  return fact.verb === 'described' && timeline.startMs === undefined;
}

/** Each label, the resources and so on are those of the latest description that has them. */
export function overlay<Description extends object>(
  before: Description | undefined,
  after: Description,
): Description {
  if (before === undefined) return after;
  const entries: [string, unknown][] = Object.entries(after);
  return { ...before, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}

/** For mapAccruals(): forgets the changes of rate before `atMs`, of an entity that is not finished. */
export function forgetBefore(atMs: number): (accrual: Accrual) => Accrual {
  return (accrual) => lastOf(accrual, atMs);
}
