import type { Sample } from '../fold/sample';
import { bearerAt, inputsOf } from './attribution';
import type { SampledInstance } from './attribution';
import { bearerOf } from './bearer';
import { sameItems } from './bucket';
import type { Bearer } from './bearer';
import type { PageContents } from './contents';
import type { LeftOutOfPage } from './left-out';
import type { KeptBearer, KeptInstance, KeptPassed } from './kept-passed';
import { oddRows } from './odd-rows';
import { NO_SHAPE, passedOf } from './passed';
import type { Passed } from './passed';
import { addRows, distinct } from './rows';
import type { Row } from './rows';
import { sampledInstances } from './sampled-instances';

/** A bearer, and where what is passed through for it comes from. */
interface Source {
  readonly bearer: Bearer;
  readonly own: readonly Sample[];
  readonly instanceId: string | undefined;
}

const NO_SAMPLES: readonly Sample[] = [];

/** Updates what is kept, in small steps: each time it yields, it may be paused for a moment. */
export function* gather(contents: PageContents, kept: KeptPassed): Generator<null, readonly KeptBearer[]> {
  const sampled = sampledInstances(contents);
  const sources = sourcesOf(contents, sampled);
  const instances = new Map<string, KeptInstance>();
  const bearers = new Map<string, KeptBearer>();
  let like = NO_SHAPE;
  for (const [instanceId, group] of groupsOf(sources, sampled)) {
    const instance = sampled.get(instanceId ?? '');
    const known = kept.instances.get(instanceId ?? '');
    const inputs = instance === undefined ? [] : sameOr(known?.inputs, inputsOf(instance));
    const stale = group.filter((source) => {
      const before = kept.bearers.get(source.bearer.entry);
      if (before === undefined || !sameItems(before.inputs, bearerInputs(source, inputs))) return true;
      bearers.set(source.bearer.entry, before);
      return false;
    });
    const isKnown = known?.inputs === inputs;
    if (instanceId !== undefined && known !== undefined && isKnown) instances.set(instanceId, known);
    if (stale.length === 0 && (instance === undefined || isKnown)) continue;
    const leftOut = new Map<LeftOutOfPage, number>();
    const rows = instance === undefined ? [] : instanceRows(instance, leftOut);
    if (instanceId !== undefined && !isKnown) instances.set(instanceId, { inputs, leftOut });
    for (const source of stale) {
      const mine = rows.filter(({ bearer }) => bearer.entry === source.bearer.entry);
      const made = keptBearer(source, bearerInputs(source, inputs), mine, instance, like);
      like = made.passed.shape;
      bearers.set(source.bearer.entry, made);
    }
    yield null;
  }
  kept.bearers = bearers;
  kept.instances = instances;
  return sources.flatMap(({ bearer: { entry } }) => bearers.get(entry) ?? []);
}

/** What was left out in total, before anything is cut. */
export function* leftOutOf({ bearers, instances }: KeptPassed): Generator<readonly [LeftOutOfPage, number]> {
  for (const { leftOut } of instances.values()) yield* leftOut;
  for (const { passed } of bearers.values()) yield* passed.leftOut;
}

/**
 * In the order of the page: jobs come before instances, so that HELP and TYPE are those of the first job that
 * has the family.
 */
function sourcesOf(contents: PageContents, sampled: ReadonlyMap<string, SampledInstance>): Source[] {
  const sources: Source[] = [];
  if (contents.samples.size === 0) return sources;
  for (const job of contents.jobs) {
    const own = contents.samples.get(job.key) ?? NO_SAMPLES;
    const at = job.entity.placement?.instanceId;
    const instanceId = at !== undefined && sampled.has(at) ? at : undefined;
    if (own.length > 0 || instanceId !== undefined) sources.push({ bearer: bearerOf(job), own, instanceId });
  }
  for (const instance of contents.instances) {
    const { id } = instance.entity.id;
    if (sampled.get(id)?.bearer?.entry === instance.entry)
      sources.push({ bearer: bearerOf(instance), own: NO_SAMPLES, instanceId: id });
  }
  return sources;
}

/**
 * Bearers of one instance together, since each of its samples is read once for all of them; the others each
 * by itself.
 */
function* groupsOf(
  sources: readonly Source[],
  sampled: ReadonlyMap<string, SampledInstance>,
): Generator<readonly [instanceId: string | undefined, readonly Source[]]> {
  const groups = new Map<string, Source[]>([...sampled.keys()].map((id) => [id, []]));
  for (const source of sources) {
    const group = groups.get(source.instanceId ?? '');
    if (group === undefined) yield [undefined, [source]];
    else group.push(source);
  }
  yield* groups;
}

function bearerInputs({ bearer, own }: Source, ofInstance: readonly unknown[]): readonly unknown[] {
  return [bearer.labels, ofInstance.length === 0 ? undefined : ofInstance, ...own];
}

function sameOr(before: readonly unknown[] | undefined, now: readonly unknown[]): readonly unknown[] {
  return before !== undefined && sameItems(before, now) ? before : now;
}

function keptBearer(
  source: Source,
  inputs: readonly unknown[],
  ofInstance: readonly Row[],
  instance: SampledInstance | undefined,
  like: Passed['shape'],
): KeptBearer {
  const leftOut = new Map<LeftOutOfPage, number>();
  const rows = bearerRows(source, ofInstance, leftOut);
  const again = (): readonly Row[] => {
    const all = instance === undefined ? [] : instanceRows(instance, new Map());
    const mine = all.filter(({ bearer }) => bearer.entry === source.bearer.entry);
    return bearerRows(source, mine, new Map());
  };
  return { inputs, passed: passedOf(source.bearer, rows, leftOut, like), odd: oddRows(rows), rows: again };
}

type Counts = Map<LeftOutOfPage, number>;

function bearerRows({ bearer, own }: Source, ofInstance: readonly Row[], leftOut: Counts): Row[] {
  const rows: Row[] = [];
  for (const sample of own) addRows(rows, sample, 0, () => bearer, countIn(leftOut));
  rows.push(...ofInstance);
  return distinct(rows, countIn(leftOut));
}

function instanceRows(instance: SampledInstance, leftOut: Counts): Row[] {
  const rows: Row[] = [];
  for (const sample of instance.samples)
    addRows(rows, sample, 1, (names) => bearerAt(instance, sample, names), countIn(leftOut));
  return rows;
}

export function countIn(counts: Counts): (cause: LeftOutOfPage, by?: number) => void {
  return (cause, by = 1) => void counts.set(cause, (counts.get(cause) ?? 0) + by);
}
