import { timelineOf } from '../fold/entity';
import type { Entity } from '../fold/entity';
import type { PartitionView } from '../view/view';

/** A job with GPUs that has finished: earlier samples of them are not the instance's. */
export interface Departure {
  readonly finishMs: number;
  /** Undefined: it was on every GPU of its instance. */
  readonly gpuUuids: readonly string[] | undefined;
}

/**
 * The departures of all partitions by the instance's id, kept up to date: there are many more finished jobs
 * than pages have series for.
 */
export interface Departures {
  /** An entity has changed to this; undefined: it no longer exists. */
  put(view: PartitionView, entry: string, entity: Entity | undefined): void;
  from(instanceId: string): Iterable<Departure>;
  clear(): void;
}

export function openDepartures(): Departures {
  const instanceIds = new Map<PartitionView, Map<string, string>>();
  const departures = new Map<string, Map<PartitionView, Map<string, Departure>>>();

  function remove(view: PartitionView, entry: string): void {
    const instanceId = instanceIds.get(view)?.get(entry);
    if (instanceId === undefined) return;
    instanceIds.get(view)?.delete(entry);
    const ofInstance = departures.get(instanceId);
    const ofView = ofInstance?.get(view);
    ofView?.delete(entry);
    if (ofView?.size === 0) ofInstance?.delete(view);
    if (ofInstance?.size === 0) departures.delete(instanceId);
  }

  return {
    put(view, entry, entity) {
      remove(view, entry);
      const departed = entity && departureOf(entity);
      if (departed === undefined) return;
      const { instanceId, departure } = departed;
      within(instanceIds, view).set(entry, instanceId);
      within(within(departures, instanceId), view).set(entry, departure);
    },
    *from(instanceId) {
      for (const ofView of departures.get(instanceId)?.values() ?? []) yield* ofView.values();
    },
    clear() {
      instanceIds.clear();
      departures.clear();
    },
  };
}

function within<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<L, V>();
  maps.set(key, made);
  return made;
}

/** Including undescribed ones: they were on their GPUs, too. */
function departureOf(
  entity: Entity,
): { readonly instanceId: string; readonly departure: Departure } | undefined {
  const timeline = timelineOf(entity);
  if (timeline.kind !== 'job') return undefined;
  const { finish, placement } = timeline;
  if (finish === undefined || placement?.instanceId === undefined) return undefined;
  if (placement.gpuUuids === undefined && (placement.resources.gpu?.count ?? 0) === 0) return undefined;
  const departure = { finishMs: finish.timeMs, gpuUuids: placement.gpuUuids };
  return { instanceId: placement.instanceId, departure };
}
