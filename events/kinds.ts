import { INSTANCE } from './instance';
import { JOB } from './job';
import { RUN } from './run';
import { VOLUME } from './volume';

/**
 * The kinds of entity, and with them all lifecycle events. What the fold and the catalogue say of a kind stands in a record over the
 * same names in each of them, which the compiler holds to be complete.
 */
export const KINDS = { instance: INSTANCE, run: RUN, job: JOB, volume: VOLUME } as const;

export type EntityKind = keyof typeof KINDS;
export type Status = (typeof KINDS)[EntityKind]['statuses']['unfinished' | 'finished'][number];

/** As dstack names them. */
const RANKED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(KINDS).map(([kind, { statuses }]) => [kind, [...statuses.unfinished, ...statuses.finished]]),
);

/**
 * Where a status stands among those of its kind, unfinished ones first; -1 for a text that is none of them. It is what facts of the
 * same millisecond are told apart by (see compareOrder()), and the order in which pages list statuses: the earliest of a life first.
 */
export function statusRank(kind: EntityKind, status: string): number {
  return RANKED.get(kind)?.indexOf(status) ?? -1;
}
