import type { EntityId } from '../../events/event';
import { INSTANCE as EVENTS } from '../../events/instance';
import { COSTING } from '../fold/instance';
import type { Timeline } from '../fold/kinds';
import { timeSince } from './family';
import type { OwnFamily, SumFamily } from './family';
import { NANO, costOf } from './money';
import { statusFamily } from './statuses';
import type { DescribedEntity, KindCatalogue } from './described';

/** Families of instances: dstack's (src/dstack/_internal/server/services/prometheus), then ours. */
export const INSTANCE_LABELS = [
  'dstack_project_name',
  'dstack_fleet_name',
  'dstack_fleet_id',
  'dstack_instance_name',
  'dstack_instance_id',
  'dstack_instance_type',
  'dstack_backend',
  'dstack_gpu',
] as const;

const FLEET_LABELS = [
  'dstack_project_name',
  'dstack_fleet_name',
  'dstack_backend',
  'dstack_gpu',
  'dstack_instance_type',
] as const;

export interface DescribedInstance extends DescribedEntity<'instance'> {
  readonly gpuName: string;
  readonly gpuCount: number;
}

function describedOf(id: EntityId, timeline: Timeline<'instance'>): DescribedInstance | undefined {
  const { startMs, status, description } = timeline;
  if (startMs === undefined || status === undefined || description === undefined) return undefined;
  const { project, fleetName, fleetId, name, type, backend, resources } = description;
  const gpuName = resources?.gpu?.name ?? '';
  return {
    kind: 'instance',
    id,
    timeline,
    startMs,
    status,
    project,
    gpuName,
    gpuCount: resources?.gpu?.count ?? 0,
    isOnPage: COSTING.has(status),
    labels: [project, fleetName ?? '', fleetId ?? '', name, id.id, type ?? '', backend ?? '', gpuName],
  };
}

const common = { labels: INSTANCE_LABELS, labelsOf: (i: DescribedInstance) => i.labels };

const OWN: readonly OwnFamily<DescribedInstance>[] = [
  {
    ...common,
    name: 'dstack_instance_duration_seconds_total',
    type: 'counter',
    help: 'Total seconds the instance is running',
    per: 1000,
    valueOf: (i) => timeSince(i.startMs),
  },
  {
    ...common,
    name: 'dstack_instance_price_dollars_per_hour',
    type: 'gauge',
    help: 'Instance price, USD/hour',
    per: 1,
    valueOf: (i) => i.timeline.nanoDollarsPerHour / NANO,
  },
  {
    ...common,
    name: 'dstack_instance_gpu_count',
    type: 'gauge',
    help: 'Instance GPU count',
    per: 1,
    valueOf: (i) => i.gpuCount,
  },
  {
    ...common,
    name: 'fleetmeter_instance_cost_dollars_total',
    type: 'counter',
    help: 'Cost of the instance from its start, US dollars',
    per: NANO,
    valueOf: (i) => costOf(i.timeline.cost),
  },
];

const SUMS: readonly SumFamily<DescribedInstance>[] = [
  {
    name: 'fleetmeter_fleet_cost_dollars_total',
    type: 'counter',
    help: 'Cost of all instances, ended ones too, US dollars',
    labels: FLEET_LABELS,
    per: NANO,
    partsOf: (i) => [{ labels: fleetLabels(i), amount: costOf(i.timeline.cost) }],
  },
  {
    name: 'fleetmeter_fleet_idle_cost_dollars_total',
    type: 'counter',
    help: 'Cost of all instances while they were idle, US dollars',
    labels: FLEET_LABELS,
    per: NANO,
    partsOf: (i) => [{ labels: fleetLabels(i), amount: costOf(i.timeline.idle) }],
  },
  statusFamily('fleetmeter_instances', 'Instances in each unfinished status', EVENTS.statuses.unfinished),
];

function fleetLabels({ project, gpuName, timeline: { description } }: DescribedInstance): readonly string[] {
  return [
    project,
    description?.fleetName ?? '',
    description?.backend ?? '',
    gpuName,
    description?.type ?? '',
  ];
}

export const INSTANCE: KindCatalogue<'instance', DescribedInstance> = { describedOf, own: OWN, sums: SUMS };
