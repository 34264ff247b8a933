import type { Described } from '../catalogue/kinds';
import type { Occupant, SampledInstance } from './attribution';
import { bearerOf } from './bearer';
import type { PageEntity } from './bucket';
import type { PageContents } from './contents';

/** Instances that have samples on this page, by id. */
export function sampledInstances(contents: PageContents): Map<string, SampledInstance> {
  const found = new Map<string, SampledInstance & { readonly occupants: Occupant[] }>();
  for (const samples of contents.samples.values()) {
    const target = samples[0]?.target;
    if (target?.kind !== 'instance') continue;
    const departures = [...contents.layout.departures.from(target.id)];
    found.set(target.id, { samples, bearer: undefined, occupants: [], departures });
  }
  if (found.size === 0) return found;
  for (const instance of contents.instances) {
    const { id } = instance.entity.id;
    const sampled = found.get(id);
    if (sampled !== undefined) found.set(id, { ...sampled, bearer: bearerOf(instance) });
  }
  for (const job of contents.jobs) {
    const occupants = found.get(job.entity.placement?.instanceId ?? '')?.occupants;
    const occupant = occupants && occupantOf(contents, job);
    if (occupant !== undefined) occupants?.push(occupant);
  }
  return found;
}

function occupantOf(contents: PageContents, job: PageEntity<Described<'job'>>): Occupant | undefined {
  const { placement, timeline } = job.entity;
  if (placement === undefined || timeline.provisioned === undefined) return undefined;
  const own = contents.samples.get(job.key) ?? [];
  return {
    bearer: bearerOf(job),
    gpuUuids: placement.gpuUuids,
    since: timeline.provisioned,
    exporters: own.flatMap(({ reading }) => (reading.kind === 'gpu' ? [reading.exporter] : [])),
  };
}
