import type { Described } from '../catalogue/kinds';
import { entityKey } from '../fold/fact';
import { isYoung, sampleKey } from '../fold/sample';
import type { Sample } from '../fold/sample';
import type { PartitionView } from '../view/view';
import type { Slot } from './block';
import { isKind } from './bucket';
import type { Bucket, PageEntity } from './bucket';
import type { Layout } from './layout';
import type { PageRequest } from './request';
import { hasAllProjects, inShard } from './selection';
import type { Selection } from './selection';

/** What goes on one page, in order. */
export interface PageContents {
  readonly views: readonly PartitionView[];
  readonly layout: Layout;
  readonly selection: Selection;
  readonly isAt: boolean;
  readonly timeOf: (view: PartitionView) => number;
  /** Of all shards and projects. */
  readonly instances: readonly PageEntity<Described<'instance'>>[];
  readonly jobs: readonly PageEntity<Described<'job'>>[];
  readonly sampleTtlMs: number;
  /** Samples of exporters that are young enough to be on the page, by the entity key of their target. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Entry keys of the entities of which a series is held. */
  readonly held: ReadonlySet<string>;
}

export function openContents(
  views: readonly PartitionView[],
  layout: Layout,
  { atMs, sampleTtlMs, selection }: PageRequest,
): PageContents {
  layout.update(views);
  const timeOf = (view: PartitionView): number => atMs ?? view.pageTimeMs;
  let instances: PageEntity<Described<'instance'>>[] | undefined;
  let jobs: PageEntity<Described<'job'>>[] | undefined;
  return {
    views,
    layout,
    selection,
    isAt: atMs !== null,
    timeOf,
    get instances() {
      return (instances ??= entitiesOf(layout, 'instance').filter((one) => isKind(one, 'instance')));
    },
    get jobs() {
      return (jobs ??= entitiesOf(layout, 'job').filter((one) => isKind(one, 'job')));
    },
    sampleTtlMs,
    samples: youngSamples(views, timeOf, sampleTtlMs),
    held: new Set(atMs === null ? views.flatMap(heldEntries) : []),
  };
}

/** The buckets of the shard that have entities. */
export function* bucketsOf({ layout, selection }: PageContents, kind: string): Generator<Bucket> {
  for (const bucket of layout.buckets.get(kind) ?? []) {
    if (bucket !== undefined && bucket.entities.length > 0 && inShard(selection, bucket.number)) yield bucket;
  }
}

/**
 * Slots of a family's pieces of kept lines, by their first bucket; only for all projects, so that filtered
 * ones don't replace them.
 */
export function slotsOf(
  { layout, selection }: PageContents,
  family: string,
): (firstBucket: number) => Slot | null {
  const isKept = hasAllProjects(selection);
  return (firstBucket) => (isKept ? layout.slot(`${family} ${String(firstBucket)}`) : null);
}

function entitiesOf({ buckets }: Layout, kind: string): PageEntity[] {
  return (buckets.get(kind) ?? []).flatMap((bucket) => bucket?.entities ?? []);
}

function heldEntries({ holds }: PartitionView): string[] {
  return [...holds.values()].flatMap(({ entity }) => entity ?? []);
}

function youngSamples(
  views: readonly PartitionView[],
  timeOf: (view: PartitionView) => number,
  sampleTtlMs: number,
): Map<string, Sample[]> {
  const byTarget = new Map<string, Sample[]>();
  for (const view of views) {
    const pageTimeMs = timeOf(view);
    for (const sample of view.samples.values()) {
      if (sample.reading.kind === 'usage' || !isYoung(sample, pageTimeMs, sampleTtlMs)) continue;
      const key = entityKey(sample.target);
      const samples = byTarget.get(key);
      if (samples === undefined) byTarget.set(key, [sample]);
      else samples.push(sample);
    }
  }
  for (const samples of byTarget.values()) samples.sort((a, b) => (sampleKey(a) < sampleKey(b) ? -1 : 1));
  return byTarget;
}
