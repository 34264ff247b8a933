import type { LifecycleEvent } from '../../events/event';
import { statusRank } from '../../events/kinds';
import { VOLUME as EVENTS } from '../../events/volume';
import { NO_ACCRUAL, changeRate } from './accrual';
import type { Accrual } from './accrual';
import { makeFact, nanoDollars } from './fact';
import type { Fact } from './fact';
import { BEGINNING, evolveCommon, isFirst } from './timeline';
import type { CommonTimeline, KindFold } from './timeline';

type Created = Extract<LifecycleEvent, { readonly type: 'fleetmeter.volume.created.v1' }>;

export interface VolumeDescription {
  readonly project: string;
  readonly user?: string | undefined;
  readonly name: string;
  readonly backend?: string | undefined;
  readonly region?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

type VolumeFact = Fact<VolumeDescription>;

export interface VolumeTimeline extends CommonTimeline<VolumeDescription> {
  readonly kind: 'volume';
  /** Nano-dollars an hour x ms, from its start to its finish. */
  cost: Accrual;
}

const FIRST = EVENTS.statuses.first;

function evolve(timeline: VolumeTimeline, fact: VolumeFact): void {
  const counts = evolveCommon(timeline, fact, isFirst(timeline, fact) ? FIRST : undefined);
  if (!counts || timeline.startMs === undefined) return;
  const rate = timeline.finish === undefined ? timeline.nanoDollarsPerHour : 0;
  timeline.cost = changeRate(timeline.cost, fact.timeMs, rate);
}

function describe(event: Created): VolumeFact {
  const { project, user, volume, price } = event.data;
  return makeFact(event, event.verb, statusRank('volume', FIRST), {
    nanoDollarsPerHour: price == null ? undefined : nanoDollars(price.dollars_per_hour),
    description: {
      project,
      user: user ?? undefined,
      name: volume.name,
      backend: volume.backend ?? undefined,
      region: volume.region ?? undefined,
      sizeBytes: volume.size_bytes ?? undefined,
    },
  });
}

/** A volume costs money for as long as it exists, whatever uses it. */
export const VOLUME: KindFold<VolumeTimeline, VolumeFact, Created> = {
  beginning: { ...BEGINNING, kind: 'volume', cost: NO_ACCRUAL },
  copy: (timeline) => ({ ...timeline }),
  evolve,
  describe,
  mapAccruals: (timeline, map) => ({ ...timeline, cost: map(timeline.cost) }),
};
