import { STATUSES } from '../../events/statuses';
import type { Growth, OwnFamily, SumFamily, SumPart } from './family';
import { ONE, ZERO, timeSince } from './family';
import type { InstanceView } from './view';

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

/** An hour's price x ms makes 3,600,000 of the price. */
export const MS_PER_HOUR = 3_600_000n;
export const NANO = 1_000_000_000;

const common = { labels: INSTANCE_LABELS, labelsOf: (i: InstanceView) => i.labels };

export const INSTANCE_OWN: readonly OwnFamily<InstanceView>[] = [
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

export const INSTANCE_SUMS: readonly SumFamily<InstanceView>[] = [
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
  {
    name: 'fleetmeter_instances',
    type: 'gauge',
    help: 'Instances in each unfinished status',
    labels: ['dstack_project_name', 'status'],
    per: 1,
    partsOf: (i) => statusParts(i.project, STATUSES.instance.unfinished, i.status),
  },
];

function costOf(accrual: Growth['accrual']): Growth {
  return { accrual, numerator: 1n, denominator: MS_PER_HOUR };
}

function fleetLabels(i: InstanceView): readonly string[] {
  return [
    i.project,
    i.timeline.instance?.fleetName ?? '',
    i.timeline.instance?.backend ?? '',
    i.gpuName,
    i.timeline.instance?.type ?? '',
  ];
}

/** One for the status that it is in and 0 for the others, so that each status has a series once the project has an entity. */
export function statusParts(
  project: string,
  statuses: readonly string[],
  current: string,
): readonly SumPart[] {
  return statuses.map((status) => ({ labels: [project, status], amount: status === current ? ONE : ZERO }));
}
