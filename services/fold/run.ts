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
  pendings: number;
  /** When its status went from `submitted` to `provisioning`. */
  queueExitsMs: readonly number[];
}

const FIRST = EVENTS.statuses.first;

function evolve(timeline: RunTimeline, fact: RunFact): void {
  const { status: before } = timeline;
  const starts = isFirst(timeline, fact);
  evolveCommon(timeline, fact, starts ? FIRST : undefined);
  const { status } = timeline;
  if (status === before || before === undefined) return;
  // The status that a run starts with is not a change, even if others were learned about earlier.
  if (status === 'pending' && !starts) timeline.pendings++;
  if (status === 'provisioning' && before === 'submitted')
    timeline.queueExitsMs = [...timeline.queueExitsMs, fact.timeMs];
}

function describe(event: Submitted): RunFact {
  const { project, user, run, status } = event.data;
  return makeFact(event, event.verb, statusRank('run', status ?? FIRST), {
    status: status ?? undefined,
    description: { project, user, runName: run.name, runType: run.type, tags: tagsOf(run.tags) },
  });
}

/** Without null ones, which count as absent. */
function tagsOf(tags: Submitted['data']['run']['tags']): RunDescription['tags'] {
  if (tags == null) return undefined;
  const entries = Object.entries(tags);
  return Object.fromEntries(entries.filter((tag): tag is [string, string] => tag[1] !== null));
}

/** A run itself costs nothing: its jobs do. */
export const RUN: KindFold<RunTimeline, RunFact, Submitted> = {
  beginning: { ...BEGINNING, kind: 'run', pendings: 0, queueExitsMs: [] },
  copy: (timeline) => ({ ...timeline }),
  evolve,
  describe,
  mapAccruals: (timeline) => ({ ...timeline }),
};
