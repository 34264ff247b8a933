import type { Entity } from '../fold/entity';
import { isFinished } from '../fold/entity';
import { NOTHING, isNothing, minus, plus } from './amount';
import type { Amount } from './amount';
import { asksTags } from './column';
import type { Column, Labels } from './column';
import { openKnown, openOnInstances } from './places';
import type { JobsOn, Known, OnInstances } from './places';
import { NO_TAGS, openRows } from './rows';
import type { Row, Rows, Tags } from './rows';
import type { Span } from './span';
import { gpuTimeOf, balanceAt } from './balance';
import type { Balance } from './balance';

/**
 * What a period of time cost: the ledger as of each span's end minus that as of its start, by the columns
 * asked for. A job's cost is its own; what its instance costs besides is `idle` or `unallocated`. So the
 * total is the cost of the instances, the volumes, and the jobs whose instance is not known, the same to the
 * nano-dollar as the page's counters.
 *
 * The whole history must have been judged before, since facts may be learned late; then each entity is added
 * once, in any order.
 */
export interface CostReport {
  add(entity: Entity): void;
  finish(): { readonly rows: readonly Row[]; readonly total: Amount };
}

/**
 * The part in one span of jobs that the report does not tell apart: shown with what is finally known of their
 * instance and their run.
 */
interface JobPart {
  readonly span: number;
  readonly balance: Extract<Balance, { kind: 'job' }>;
  amount: Amount;
}

/** What a report has added up so far. */
interface Sums {
  readonly spans: readonly Span[];
  /** The first span's start, and each one's end. */
  readonly boundariesMs: readonly number[];
  readonly columns: readonly Column[];
  readonly rows: Rows;
  /** Keyed by what the rows' columns, its instance and its run will finally show of it. */
  readonly jobs: Map<string, JobPart>;
  readonly onInstances: OnInstances;
  /** Labels of instances and tags of runs, as far as known. */
  readonly instances: Known<Labels>;
  readonly tags: Known<Tags>;
  readonly wantsTags: boolean;
  readonly wantsPlace: boolean;
}

/** @param spans consecutive, each beginning where the one before it ends */
export function openCostReport(
  spans: readonly Span[],
  columns: readonly Column[],
  project: string | null,
): CostReport {
  const sums: Sums = {
    spans,
    boundariesMs: [spans[0]?.fromMs ?? 0, ...spans.map(({ toMs }) => toMs)],
    columns,
    rows: openRows(columns, project),
    jobs: new Map(),
    onInstances: openOnInstances(),
    instances: openKnown(),
    tags: openKnown(),
    wantsTags: asksTags(columns),
    wantsPlace: columns.includes('instance') || columns.includes('fleet'),
  };
  return {
    add(entity) {
      if (entity.id.kind !== 'run' || sums.wantsTags) addEntity(sums, entity);
    },
    finish() {
      for (const part of sums.jobs.values()) showJob(sums, part);
      for (const [instanceId, on] of sums.onInstances.all) takeFromInstance(sums, instanceId, on);
      const rows = sums.rows.inOrder();
      return { rows, total: rows.reduce((sum, { amount }) => plus(sum, amount), NOTHING) };
    },
  };
}

/** From boundary to boundary: what it has cost as of each, minus what it had cost as of the one before. */
function addEntity(sums: Sums, entity: Entity): void {
  const { spans } = sums;
  const firstMs = entity.prefix === null ? (entity.facts[0]?.timeMs ?? Infinity) : -Infinity;
  const lastMs = entity.facts.at(-1)?.timeMs ?? -Infinity;
  let known = balanceAt(entity, boundaryMs(sums, 0));
  know(sums, entity, 0, known);
  if (known?.kind === 'job' && known.instanceId !== undefined)
    sums.onInstances.begin(known.instanceId, known.cost);
  for (let span = 0; span < spans.length; span++) {
    if (isFinished(entity) && lastMs <= boundaryMs(sums, span)) return;
    if (firstMs > boundaryMs(sums, span + 1)) continue;
    const next = balanceAt(entity, boundaryMs(sums, span + 1));
    if (next === undefined) continue;
    know(sums, entity, span + 1, next);
    stepJob(sums, span, known, next);
    stepInstance(sums, entity, span, known, next);
    stepVolume(sums, span, known, next);
    known = next;
  }
}

function boundaryMs({ boundariesMs }: Sums, boundary: number): number {
  return boundariesMs[boundary] ?? 0;
}

function spanAt({ spans }: Sums, span: number): Span {
  const found = spans[span];
  if (found === undefined) throw new Error(`no span ${String(span)}`);
  return found;
}

function addJob(sums: Sums, span: number, balance: JobPart['balance'], amount: Amount): void {
  const { columns, jobs, wantsPlace, wantsTags } = sums;
  if (isNothing(amount)) return;
  const { labels, instanceId, runId } = balance;
  const own = columns.map((column) => labels[column]);
  const key = JSON.stringify([span, labels.project, wantsPlace && instanceId, wantsTags && runId, ...own]);
  const part = jobs.get(key);
  if (part === undefined) jobs.set(key, { span, balance, amount });
  else part.amount = plus(part.amount, amount);
}

function stepJob(sums: Sums, span: number, before: Balance | undefined, after: Balance | undefined): void {
  const { onInstances } = sums;
  const [old, now] = [before, after].map((one) => (one?.kind === 'job' ? one : undefined));
  if (now !== undefined) addJob(sums, span, now, now.cost);
  if (old !== undefined) addJob(sums, span, old, minus(NOTHING, old.cost));
  if (now?.instanceId !== undefined && now.instanceId === old?.instanceId) {
    onInstances.grow(now.instanceId, span, old.cost, now.cost);
    return;
  }
  if (now?.instanceId !== undefined) onInstances.grow(now.instanceId, span, NOTHING, now.cost);
  if (old?.instanceId !== undefined) onInstances.grow(old.instanceId, span, old.cost, NOTHING);
}

function stepInstance(
  sums: Sums,
  entity: Entity,
  span: number,
  before: Balance | undefined,
  after: Balance,
): void {
  if (after.kind !== 'instance') return;
  const old = before?.kind === 'instance' ? before : undefined;
  const { fromMs, toMs } = spanAt(sums, span);
  const { gpuMs, idleGpuMs } = gpuTimeOf(entity, after.gpuCount, fromMs, toMs);
  const put = (labels: Labels, idle: Amount, rest: Amount): void => {
    sums.rows.add(spanAt(sums, span), labels, NO_TAGS, 'idle', idle);
    sums.rows.add(spanAt(sums, span), labels, NO_TAGS, 'unallocated', rest);
  };
  const idle = { nanoDollars: after.idleNanoDollars, gpuMs: idleGpuMs };
  put(after.labels, idle, minus({ nanoDollars: after.nanoDollars, gpuMs }, idle));
  if (old === undefined) return;
  const oldIdle = { nanoDollars: -old.idleNanoDollars, gpuMs: 0n };
  put(old.labels, oldIdle, minus({ nanoDollars: -old.nanoDollars, gpuMs: 0n }, oldIdle));
}

function stepVolume(sums: Sums, span: number, before: Balance | undefined, after: Balance): void {
  if (after.kind === 'volume') sums.rows.add(spanAt(sums, span), after.labels, NO_TAGS, 'volume', after.cost);
  if (before?.kind === 'volume')
    sums.rows.add(spanAt(sums, span), before.labels, NO_TAGS, 'volume', minus(NOTHING, before.cost));
}

function know({ instances, tags }: Sums, life: Entity, boundary: number, balance: Balance | undefined): void {
  if (balance?.kind === 'instance') instances.put(balance.instanceId, life, boundary, balance.labels);
  if (balance?.kind === 'run') tags.put(balance.runId, life, boundary, balance.tags);
}

/** The jobs' part of their instance's cost is theirs alone. */
function takeFromInstance(sums: Sums, instanceId: string, { base, grown }: JobsOn): void {
  const { spans, rows, instances } = sums;
  const since = instances.since(instanceId);
  if (since > spans.length || (since === 0 && grown.size === 0)) return;
  let cost = base;
  for (let span = 0; span < spans.length; span++) {
    const growth = grown.get(span) ?? NOTHING;
    const before = cost;
    cost = plus(cost, growth);
    const old = instances.at(instanceId, span);
    const now = instances.at(instanceId, span + 1);
    if (now === undefined || (now === old && isNothing(growth))) continue;
    const gpuMs = -growth.gpuMs;
    rows.add(spanAt(sums, span), now, NO_TAGS, 'unallocated', { nanoDollars: -cost.nanoDollars, gpuMs });
    if (old !== undefined)
      rows.add(spanAt(sums, span), old, NO_TAGS, 'unallocated', {
        nanoDollars: before.nanoDollars,
        gpuMs: 0n,
      });
  }
}

function showJob(sums: Sums, { span, balance, amount }: JobPart): void {
  const { spans, rows, instances, tags } = sums;
  const { labels, instanceId, runId } = balance;
  const on = instanceId === undefined ? undefined : instances.at(instanceId, spans.length);
  const place = on === undefined ? {} : { instance: on.instance ?? '', fleet: on.fleet ?? '' };
  const ofRun = tags.at(runId, spans.length) ?? NO_TAGS;
  rows.add(spanAt(sums, span), { ...labels, ...place }, ofRun, 'job', amount);
}
