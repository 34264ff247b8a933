import { INSTANCE } from './instance';
import { JOB } from './job';
import { RUN } from './run';
import { VOLUME } from './volume';

/**
 * The kinds of entity, and with them all lifecycle events. The fold and the catalogue each have a record over
 * the same names, and the compiler sees to it that all of them are complete.
 */
export const KINDS = { instance: INSTANCE, run: RUN, job: JOB, volume: VOLUME } as const;

export type EntityKind = keyof typeof KINDS;
export type Status = (typeof KINDS)[EntityKind]['statuses']['unfinished' | 'finished'][number];

/** As dstack names them. */
const RANKED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(KINDS).map(([kind, { statuses }]) => [kind, [...statuses.unfinished, ...statuses.finished]]),
);

/**
 * A status's place among those of its kind, unfinished ones first; -1 for any other text. It orders facts of
 * the same millisecond (see compareOrder()), and statuses on pages: the earliest of a life first.
 */
export function statusRank(kind: EntityKind, status: string): number {
  return RANKED.get(kind)?.indexOf(status) ?? -1;
}
