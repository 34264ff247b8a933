import type { EntityId } from '../../events/event';
import type { Timeline } from '../fold/kinds';
import type { OwnFamily, SumFamily } from './family';
import { NANO, costOf } from './money';
import type { EntityView, KindCatalogue } from './view';

/** Families of volumes: all of them ours, since dstack's page has none. */
export const VOLUME_LABELS = [
  'dstack_project_name',
  'dstack_user_name',
  'dstack_volume_name',
  'dstack_volume_id',
  'dstack_backend',
  'dstack_region',
] as const;

export interface VolumeView extends EntityView<'volume'> {
  readonly user: string;
  readonly backend: string;
}

function viewOf(id: EntityId, timeline: Timeline<'volume'>): VolumeView | undefined {
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
    shown: timeline.finish === undefined,
    labels: [project, user, name, id.id, backend, region],
  };
}

const common = { labels: VOLUME_LABELS, labelsOf: (volume: VolumeView) => volume.labels };

const OWN: readonly OwnFamily<VolumeView>[] = [
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

const SUMS: readonly SumFamily<VolumeView>[] = [
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

export const VOLUME: KindCatalogue<'volume', VolumeView> = { viewOf, own: OWN, sums: SUMS };
