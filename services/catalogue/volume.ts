import type { EntityId } from '../../events/event';
import type { Timeline } from '../fold/kinds';
import type { OwnFamily, SumFamily } from './family';
import { NANO, costOf } from './money';
import type { DescribedEntity, KindCatalogue } from './described';

/** Families of volumes: all of them ours, since dstack's page has none. */
export const VOLUME_LABELS = [
  'dstack_project_name',
  'dstack_user_name',
  'dstack_volume_name',
  'dstack_volume_id',
  'dstack_backend',
  'dstack_region',
] as const;

export interface DescribedVolume extends DescribedEntity<'volume'> {
  readonly user: string;
  readonly backend: string;
}

function describedOf(id: EntityId, timeline: Timeline<'volume'>): DescribedVolume | undefined {
  const { startMs, status, description } = timeline;
  if (startMs === undefined || status === undefined || description === undefined) return undefined;
  const { project, user = '', name, backend = '', region = '' } = description;
  return {
    kind: 'volume',
    id,
    timeline,
    startMs,
    status,
    project,
    user,
    backend,
    isOnPage: timeline.finish === undefined,
    labels: [project, user, name, id.id, backend, region],
  };
}

const common = { labels: VOLUME_LABELS, labelsOf: (volume: DescribedVolume) => volume.labels };

const OWN: readonly OwnFamily<DescribedVolume>[] = [
  {
    ...common,
    name: 'fleetmeter_volume_price_dollars_per_hour',
    type: 'gauge',
    help: 'Volume price, US dollars an hour',
    per: 1,
    valueOf: ({ timeline }) => timeline.nanoDollarsPerHour / NANO,
  },
  {
    ...common,
    name: 'fleetmeter_volume_size_bytes',
    type: 'gauge',
    help: 'Volume size, bytes',
    per: 1,
    valueOf: ({ timeline }) => timeline.description?.sizeBytes ?? 0,
  },
  {
    ...common,
    name: 'fleetmeter_volume_cost_dollars_total',
    type: 'counter',
    help: 'Cost of the volume from its start, US dollars',
    per: NANO,
    valueOf: ({ timeline }) => costOf(timeline.cost),
  },
];

const SUMS: readonly SumFamily<DescribedVolume>[] = [
  {
    name: 'fleetmeter_storage_cost_dollars_total',
    type: 'counter',
    help: 'Cost of all volumes, deleted ones too, US dollars',
    labels: ['dstack_project_name', 'dstack_user_name', 'dstack_backend'],
    per: NANO,
    partsOf: ({ project, user, backend, timeline }) => [
      { labels: [project, user, backend], amount: costOf(timeline.cost) },
    ],
  },
];

export const VOLUME: KindCatalogue<'volume', DescribedVolume> = { describedOf, own: OWN, sums: SUMS };
