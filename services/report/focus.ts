import { formatTime } from '../../events/time';
import { dollarsText, gpuHoursText } from './amount';
import type { Column } from './column';
import { csvLine } from './csv';
import type { Kind, Row } from './rows';
import { monthStart, nextMonth } from './span';

/**
 * FOCUS 1.0 (focus.finops.org), the FinOps Open Cost and Usage Specification: a line for each resource and
 * UTC day. Prices are what the fleet's owner says, so list, contracted, billed and effective cost are the
 * same.
 */
export const FOCUS_BY: readonly Column[] = [
  'day',
  'project',
  'user',
  'run',
  'run_id',
  'run_type',
  'job',
  'job_id',
  'instance',
  'instance_id',
  'fleet',
  'type',
  'backend',
  'gpu',
  'volume',
  'volume_id',
  'region',
  'tags',
];

type Cells = ReadonlyMap<Column, string>;

interface Resource {
  readonly type: string;
  readonly service: string;
  readonly category: 'Compute' | 'Storage';
  readonly name: Column;
  readonly id: Column;
  readonly describe: (cells: Cells) => string;
}

const RESOURCES: Readonly<Record<Kind, Resource>> = {
  job: {
    type: 'Job',
    service: 'Jobs',
    category: 'Compute',
    name: 'job',
    id: 'job_id',
    describe: (cells) => `Job ${cellOf(cells, 'job')} of run ${cellOf(cells, 'run')}`,
  },
  idle: {
    type: 'Instance',
    service: 'Idle instances',
    category: 'Compute',
    name: 'instance',
    id: 'instance_id',
    describe: (cells) => `Instance ${cellOf(cells, 'instance')} while idle`,
  },
  unallocated: {
    type: 'Instance',
    service: 'Unallocated capacity',
    category: 'Compute',
    name: 'instance',
    id: 'instance_id',
    describe: (cells) => `Instance ${cellOf(cells, 'instance')}, what no job on it pays for`,
  },
  volume: {
    type: 'Volume',
    service: 'Volumes',
    category: 'Storage',
    name: 'volume',
    id: 'volume_id',
    describe: (cells) => `Volume ${cellOf(cells, 'volume')}`,
  },
};

type Line = Row & { readonly cells: Cells; readonly resource: Resource };

/** The columns of FOCUS 1.0 and ours, in the order of the file; an empty cell is null. */
const COLUMNS: readonly (readonly [name: string, cell: (line: Line) => string])[] = [
  ['AvailabilityZone', nothing],
  ['BilledCost', dollars],
  ['BillingAccountId', () => 'fleetmeter'],
  ['BillingAccountName', () => 'fleetmeter'],
  ['BillingCurrency', () => 'USD'],
  ['BillingPeriodEnd', ({ span }) => focusTime(nextMonth(span.fromMs))],
  ['BillingPeriodStart', ({ span }) => focusTime(monthStart(span.fromMs))],
  ['ChargeCategory', () => 'Usage'],
  ['ChargeClass', nothing],
  ['ChargeDescription', ({ cells, resource }) => resource.describe(cells)],
  ['ChargeFrequency', () => 'Usage-Based'],
  ['ChargePeriodEnd', ({ span }) => focusTime(span.toMs)],
  ['ChargePeriodStart', ({ span }) => focusTime(span.fromMs)],
  ['CommitmentDiscountCategory', nothing],
  ['CommitmentDiscountId', nothing],
  ['CommitmentDiscountName', nothing],
  ['CommitmentDiscountStatus', nothing],
  ['CommitmentDiscountType', nothing],
  ['ConsumedQuantity', gpuHours],
  ['ConsumedUnit', () => 'GPU Hours'],
  ['ContractedCost', dollars],
  ['ContractedUnitPrice', nothing],
  ['EffectiveCost', dollars],
  ['InvoiceIssuerName', provider],
  ['ListCost', dollars],
  ['ListUnitPrice', nothing],
  ['PricingCategory', () => 'Standard'],
  ['PricingQuantity', gpuHours],
  ['PricingUnit', () => 'GPU Hours'],
  ['ProviderName', provider],
  ['PublisherName', provider],
  ['RegionId', ({ cells }) => cellOf(cells, 'region')],
  ['RegionName', ({ cells }) => cellOf(cells, 'region')],
  ['ResourceId', resourceId],
  ['ResourceName', ({ cells, resource }) => cellOf(cells, resource.name)],
  ['ResourceType', ({ resource }) => resource.type],
  ['ServiceCategory', ({ resource }) => resource.category],
  ['ServiceName', ({ resource }) => resource.service],
  ['SkuId', sku],
  ['SkuPriceId', sku],
  ['SubAccountId', ({ cells }) => cellOf(cells, 'project')],
  ['SubAccountName', ({ cells }) => cellOf(cells, 'project')],
  ['Tags', ({ cells }) => cellOf(cells, 'tags')],
  // The official validator (1.0.0) asks for these by the names of the drafts before 1.0, and fails a file
  // without them.
  ['ChargeType', () => 'Usage'],
  ['InvoiceIssuer', provider],
  ['Provider', provider],
  ['Publisher', provider],
  ['ResourceID', resourceId],
  ['x_Kind', ({ kind }) => kind],
  ['x_User', ({ cells }) => cellOf(cells, 'user')],
  ['x_RunId', ({ cells }) => cellOf(cells, 'run_id')],
  ['x_RunName', ({ cells }) => cellOf(cells, 'run')],
  ['x_RunType', ({ cells }) => cellOf(cells, 'run_type')],
  ['x_InstanceId', ({ cells }) => cellOf(cells, 'instance_id')],
  ['x_FleetName', ({ cells }) => cellOf(cells, 'fleet')],
  ['x_Gpu', ({ cells }) => cellOf(cells, 'gpu')],
];

/** @param rows of a report by FOCUS_BY */
export function* focusLines(rows: readonly Row[]): Generator<string> {
  yield csvLine(COLUMNS.map(([name]) => name));
  for (const row of rows) {
    const cells = new Map(FOCUS_BY.map((column, i) => [column, row.values[i] ?? '']));
    const line = { ...row, cells, resource: RESOURCES[row.kind] };
    yield csvLine(COLUMNS.map(([, cell]) => cell(line)));
  }
}

function cellOf(cells: Cells, column: Column): string {
  return cells.get(column) ?? '';
}

function nothing(): string {
  return '';
}

function dollars({ amount }: Line): string {
  return dollarsText(amount);
}

function gpuHours({ amount }: Line): string {
  return gpuHoursText(amount);
}

function resourceId({ cells, resource }: Line): string {
  return cellOf(cells, resource.id);
}

/** What is paid for: the type of machine, or the next best thing known about it. */
function sku({ cells, resource }: Line): string {
  return cellOf(cells, 'type') || cellOf(cells, 'gpu') || resource.type;
}

/** Who offers the machine: its backend. */
function provider({ cells }: Line): string {
  const backend = cellOf(cells, 'backend');
  return backend === '' ? 'unknown' : backend;
}

/** FOCUS has no fractions of a second; the costs include them. */
function focusTime(timeMs: number): string {
  return `${formatTime(Math.floor(timeMs / 1000) * 1000).slice(0, 19)}Z`;
}
