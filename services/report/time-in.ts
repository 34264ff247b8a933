import { NO_ACCRUAL, changeRate } from '../fold/accrual';
import type { Accrual } from '../fold/accrual';
import type { Entity } from '../fold/entity';
import { foldTimeline } from '../fold/kinds';

/**
 * How long an instance was in any of these statuses, ms, whatever its price was. For a compacted entity, only
 * the time since its oldest separate fact.
 */
export function timeIn({ prefix, facts }: Entity, statuses: ReadonlySet<string>): Accrual {
  let timeline = prefix;
  let accrual = NO_ACCRUAL;
  const note = (atMs: number): void => {
    const counts = timeline?.startMs !== undefined && statuses.has(timeline.status ?? '');
    accrual = changeRate(accrual, atMs, counts ? 1 : 0);
  };
  note(0);
  for (const fact of facts) {
    timeline = foldTimeline('instance', timeline, [fact]);
    note(fact.timeMs);
  }
  return accrual;
}
