import { growthAt, isGrowth } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import type { Figures } from '../catalogue/figures';
import type { Described } from '../catalogue/kinds';
import { areaAt } from '../fold/accrual';
import { entityAsOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import { COSTING } from '../fold/instance';
import type { Amount } from './amount';
import type { Labels } from './column';
import { timeIn } from './time-in';

/** What the ledger has about one entity as of a moment, as far as cost reports need it. */
export type Balance =
  | {
      readonly kind: 'job';
      readonly labels: Labels;
      readonly cost: Amount;
      readonly runId: string;
      /** Undefined: nobody has said which instance it is on. */
      readonly instanceId: string | undefined;
    }
  | {
      readonly kind: 'instance';
      readonly labels: Labels;
      readonly instanceId: string;
      readonly nanoDollars: bigint;
      readonly idleNanoDollars: bigint;
      readonly gpuCount: number;
    }
  | { readonly kind: 'volume'; readonly labels: Labels; readonly cost: Amount }
  | { readonly kind: 'run'; readonly runId: string; readonly tags: Readonly<Record<string, string>> };

/** Undefined: it is not described by then, so the ledger has nothing about it. */
export function balanceAt(entity: Entity, atMs: number): Balance | undefined {
  const figures = figuresOf(entityAsOf(entity, atMs));
  if (figures === undefined) return undefined;
  const { entity: described } = figures;
  if (described.kind === 'instance') return instanceBalance(described, figures, atMs);
  if (described.kind === 'volume') return volumeBalance(described, figures, atMs);
  if (described.kind === 'run')
    return { kind: 'run', runId: described.id.id, tags: described.timeline.description?.tags ?? {} };
  return described.placement === undefined
    ? undefined
    : jobBalance(described, described.placement, figures, atMs);
}

function jobBalance(
  job: Described<'job'>,
  placed: NonNullable<Described<'job'>['placement']>,
  figures: Figures,
  atMs: number,
): Balance {
  const described = job.timeline.description;
  const cost = {
    nanoDollars: sumAt(figures, 'fleetmeter_usage_cost_dollars_total', atMs),
    gpuMs: sumAt(figures, 'fleetmeter_usage_gpu_seconds_total', atMs),
  };
  const labels = {
    project: job.project,
    user: job.user,
    run: described?.runName ?? '',
    run_id: job.runId,
    run_type: job.runType,
    job: described?.name ?? '',
    job_id: job.id.id,
    instance: placed.instanceName ?? placed.instanceId ?? '',
    instance_id: placed.instanceId ?? '',
    type: placed.instanceType ?? '',
    backend: placed.backend,
    gpu: job.gpuName,
  };
  return { kind: 'job', labels, cost, runId: job.runId, instanceId: placed.instanceId };
}

function volumeBalance(volume: Described<'volume'>, figures: Figures, atMs: number): Balance {
  const described = volume.timeline.description;
  return {
    kind: 'volume',
    cost: { nanoDollars: sumAt(figures, 'fleetmeter_storage_cost_dollars_total', atMs), gpuMs: 0n },
    labels: {
      project: volume.project,
      user: described?.user ?? '',
      volume: described?.name ?? '',
      volume_id: volume.id.id,
      backend: described?.backend ?? '',
      region: described?.region ?? '',
    },
  };
}

function instanceBalance(instance: Described<'instance'>, figures: Figures, atMs: number): Balance {
  const described = instance.timeline.description;
  return {
    kind: 'instance',
    instanceId: instance.id.id,
    nanoDollars: sumAt(figures, 'fleetmeter_fleet_cost_dollars_total', atMs),
    idleNanoDollars: sumAt(figures, 'fleetmeter_fleet_idle_cost_dollars_total', atMs),
    gpuCount: instance.gpuCount,
    labels: {
      project: instance.project,
      instance: described?.name ?? '',
      instance_id: instance.id.id,
      fleet: described?.fleetName ?? '',
      type: described?.type ?? '',
      backend: described?.backend ?? '',
      gpu: instance.gpuName,
    },
  };
}

/** The same as the page's counter of that name. */
function sumAt({ sums }: Figures, family: string, atMs: number): bigint {
  const amount = sums.find((sum) => sum.family.name === family)?.amount;
  return amount !== undefined && isGrowth(amount) ? growthAt(amount, atMs) : 0n;
}

/**
 * How many GPU × ms an instance had from one moment to another while it cost, and of them while it was idle.
 */
export function gpuTimeOf(
  entity: Entity,
  gpuCount: number,
  fromMs: number,
  toMs: number,
): { readonly gpuMs: bigint; readonly idleGpuMs: bigint } {
  if (gpuCount === 0) return { gpuMs: 0n, idleGpuMs: 0n };
  const known = entityAsOf(entity, toMs);
  const timeOf = (statuses: ReadonlySet<string>): bigint => {
    const accrual = timeIn(known, statuses);
    return BigInt(gpuCount) * (areaAt(accrual, toMs) - areaAt(accrual, fromMs));
  };
  return { gpuMs: timeOf(COSTING), idleGpuMs: timeOf(IDLE) };
}

const IDLE: ReadonlySet<string> = new Set(['idle']);
