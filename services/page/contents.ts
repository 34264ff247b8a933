import { figuresOf } from '../catalogue/figures';
import type { Figures } from '../catalogue/figures';
import type { View } from '../catalogue/kinds';
import type { EntityKind } from '../../events/kinds';
import { entityKey } from '../fold/fact';
import { isYoung, sampleKey } from '../fold/sample';
import { settlingOf } from '../view/entries';
import type { Sample } from '../fold/sample';
import type { PageRequest } from './request';
import type { PartitionView } from '../view/view';
import type { Selection } from './selection';

/** The partitions' state, put in the order of the page. */
export interface PageFigures {
  readonly views: readonly PartitionView[];
  readonly selection: Selection;
  readonly isAt: boolean;
  readonly timeOf: (view: PartitionView) => number;
  /** Entities whose own series are shown, by entity key. */
  readonly shown: readonly Shown[];
  readonly instances: readonly Shown<View<'instance'>>[];
  readonly jobs: readonly Shown<View<'job'>>[];
  /** Samples that are young enough to be shown, by the entity key of their target. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

export interface Shown<V extends View = View> {
  readonly key: string;
  /** Which of the lives of that id: settled ones by their number, then the live one. */
  readonly life: number;
  readonly figures: Figures;
  readonly entity: V;
  readonly partition: PartitionView;
}

export function openFigures(views: readonly PartitionView[], request: PageRequest): PageFigures {
  const timeOf = (view: PartitionView): number => request.atMs ?? view.pageTimeMs;
  const shown: Shown[] = [];
  for (const partition of views) {
    for (const [entry, entity] of partition.entities) {
      const figures = figuresOf(entity);
      if (figures === undefined || figures.own.length === 0) continue;
      const { view } = figures;
      shown.push({ key: entityKey(view.id), life: settlingOf(entry), figures, entity: view, partition });
    }
  }
  const inOrder = ordered(shown);
  return {
    views,
    selection: request.selection,
    isAt: request.atMs !== null,
    timeOf,
    shown: inOrder,
    instances: inOrder.filter((one) => isOfKind(one, 'instance')),
    jobs: inOrder.filter((one) => isOfKind(one, 'job')),
    samples: youngSamples(views, request, timeOf),
  };
}

function isOfKind<Kind extends EntityKind>(shown: Shown, kind: Kind): shown is Shown<View<Kind>> {
  return shown.entity.kind === kind;
}

/** By key; of the lives of an id that would give the same series (as of a moment before the first one's end), the earlier. */
function ordered(shown: Shown[]): Shown[] {
  shown.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.life - b.life));
  return shown.filter((one, i) => {
    const before = shown[i - 1];
    return before?.key !== one.key || before.entity.labels.join('\n') !== one.entity.labels.join('\n');
  });
}

function youngSamples(
  views: readonly PartitionView[],
  request: PageRequest,
  timeOf: (view: PartitionView) => number,
): Map<string, Sample[]> {
  const byTarget = new Map<string, Sample[]>();
  for (const view of views) {
    const pageTimeMs = timeOf(view);
    for (const sample of view.samples.values()) {
      if (!isYoung(sample, pageTimeMs, request.sampleTtlMs)) continue;
      const key = entityKey(sample.target);
      const samples = byTarget.get(key);
      if (samples === undefined) byTarget.set(key, [sample]);
      else samples.push(sample);
    }
  }
  for (const samples of byTarget.values()) samples.sort((a, b) => (sampleKey(a) < sampleKey(b) ? -1 : 1));
  return byTarget;
}
