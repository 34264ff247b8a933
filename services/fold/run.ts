import type { LifecycleEvent } from '../../events/event';
import { statusRank } from '../../events/kinds';
import { RUN as EVENTS } from '../../events/run';
import { makeFact } from './fact';
import type { Fact } from './fact';
import { BEGINNING, evolveCommon, isFirst } from './timeline';
import type { CommonTimeline, KindFold } from './timeline';

type Submitted = Extract<LifecycleEvent, { readonly type: 'fleetmeter.run.submitted.v1' }>;

export interface RunDescription {
  readonly project: string;
  readonly user: string;
  readonly runName: string;
  readonly runType: string;
  /** For cost reports alone. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

type RunFact = Fact<RunDescription>;

export interface RunTimeline extends CommonTimeline<RunDescription> {
  readonly kind: 'run';
  /** How often its status became `pending` from another one. */
  readonly pendings: number;
  /** When its status went from `submitted` to `provisioning`. */
  readonly queueExitsMs: readonly number[];
}

const FIRST = EVENTS.statuses.first;

function evolve(before: RunTimeline, fact: RunFact): RunTimeline {
  const starts = isFirst(before, fact);
  const timeline = evolveCommon(before, fact, starts ? FIRST : undefined);
  const { status } = timeline;
  if (status === before.status || before.status === undefined) return timeline;
  // The status that a run starts with is no change, even where others were learned of before.
  if (status === 'pending' && !starts) return { ...timeline, pendings: timeline.pendings + 1 };
  if (status === 'provisioning' && before.status === 'submitted')
    return { ...timeline, queueExitsMs: [...timeline.queueExitsMs, fact.timeMs] };
  return timeline;
}

function describe(event: Submitted): RunFact {
  const { project, user, run, status } = event.data;
  return makeFact(event, event.verb, statusRank('run', status ?? FIRST), {
    status: status ?? undefined,
    description: { project, user, runName: run.name, runType: run.type, tags: tagsOf(run.tags) },
  });
}

/** Without those that are null: they count as absent. */
function tagsOf(tags: Submitted['data']['run']['tags']): RunDescription['tags'] {
  if (tags == null) return undefined;
  const entries = Object.entries(tags);
  return Object.fromEntries(entries.filter((tag): tag is [string, string] => tag[1] !== null));
}

/** A run costs nothing itself: its jobs do. */
export const RUN: KindFold<RunTimeline, RunFact, Submitted> = {
  begin: () => ({ ...BEGINNING, kind: 'run', pendings: 0, queueExitsMs: [] }),
  evolve,
  describe,
  mapAccruals: (timeline) => timeline,
};
