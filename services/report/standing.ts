import { growthAt, isGrowth } from '../catalogue/family';
import { figuresOf } from '../catalogue/figures';
import type { Figures } from '../catalogue/figures';
import type { View } from '../catalogue/kinds';
import { areaAt } from '../fold/accrual';
import { entityAsOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import { COSTING } from '../fold/instance';
import type { Amount } from './amount';
import type { Labels } from './column';
import { timeIn } from './time-in';

/** What the ledger has of one entity as of a moment, as far as a cost report goes by it. */
export type Standing =
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

/** Undefined: it is not shown by then, so nothing is on the ledger. */
export function standingAt(entity: Entity, atMs: number): Standing | undefined {
  const figures = figuresOf(entityAsOf(entity, atMs));
  if (figures === undefined) return undefined;
  const { view } = figures;
  if (view.kind === 'instance') return instanceStanding(view, figures, atMs);
  if (view.kind === 'volume') return volumeStanding(view, figures, atMs);
  if (view.kind === 'run')
    return { kind: 'run', runId: view.id.id, tags: view.timeline.description?.tags ?? {} };
  return view.placement === undefined ? undefined : jobStanding(view, view.placement, figures, atMs);
}

function jobStanding(
  view: View<'job'>,
  placed: NonNullable<View<'job'>['placement']>,
  figures: Figures,
  atMs: number,
): Standing {
  const described = view.timeline.description;
  const cost = {
    nanoDollars: sumAt(figures, 'fleetmeter_usage_cost_dollars_total', atMs),
    gpuMs: sumAt(figures, 'fleetmeter_usage_gpu_seconds_total', atMs),
  };
  const labels = {
    project: view.project,
    user: view.user,
    run: described?.runName ?? '',
    run_id: view.runId,
    run_type: view.runType,
    job: described?.name ?? '',
    job_id: view.id.id,
    instance: placed.instanceName ?? placed.instanceId ?? '',
    instance_id: placed.instanceId ?? '',
    type: placed.instanceType ?? '',
    backend: placed.backend,
    gpu: view.gpuName,
  };
  return { kind: 'job', labels, cost, runId: view.runId, instanceId: placed.instanceId };
}

function volumeStanding(view: View<'volume'>, figures: Figures, atMs: number): Standing {
  const described = view.timeline.description;
  return {
    kind: 'volume',
    cost: { nanoDollars: sumAt(figures, 'fleetmeter_storage_cost_dollars_total', atMs), gpuMs: 0n },
    labels: {
      project: view.project,
      user: described?.user ?? '',
      volume: described?.name ?? '',
      volume_id: view.id.id,
      backend: described?.backend ?? '',
      region: described?.region ?? '',
    },
  };
}

function instanceStanding(view: View<'instance'>, figures: Figures, atMs: number): Standing {
  const described = view.timeline.description;
  return {
    kind: 'instance',
    instanceId: view.id.id,
    nanoDollars: sumAt(figures, 'fleetmeter_fleet_cost_dollars_total', atMs),
    idleNanoDollars: sumAt(figures, 'fleetmeter_fleet_idle_cost_dollars_total', atMs),
    gpuCount: view.gpuCount,
    labels: {
      project: view.project,
      instance: described?.name ?? '',
      instance_id: view.id.id,
      fleet: described?.fleetName ?? '',
      type: described?.type ?? '',
      backend: described?.backend ?? '',
      gpu: view.gpuName,
    },
  };
}

/** As the page's counter of that name has it. */
function sumAt({ sums }: Figures, family: string, atMs: number): bigint {
  const amount = sums.find((sum) => sum.family.name === family)?.amount;
  return amount !== undefined && isGrowth(amount) ? growthAt(amount, atMs) : 0n;
}

/** How many GPU × ms an instance had from one moment to another while it cost, and of them while it was idle. */
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
