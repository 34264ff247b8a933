import type { InstanceStatus } from '../../events/instance';
import type { Fleet, Gpu, Instance } from './fleet';
import type { GpuModel, Offer } from './offers';
import { hash32, noise } from './random';
import type { World } from './world';

const HOUR = 3_600_000;
const GIB = 1024 ** 3;
const BLOCKS = 8;

export function setStatus(
  world: World,
  instance: Instance,
  status: Exclude<InstanceStatus, 'terminated'>,
): void {
  world.emit(instance.fleet.project.source, {
    type: 'fleetmeter.instance.status_changed.v1',
    data: { instance: { id: instance.id }, status },
  });
}

function gpusOf(world: World, model: GpuModel, count: number): Gpu[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    uuid: `GPU-${world.newId()}`,
    model,
    linked: model.nvlink && count > 1,
    place: null,
    sensors: null,
  }));
}

export function createInstance(world: World, fleet: Fleet, offer: Offer, region: string): Instance {
  const number = fleet.freeNumbers.pop() ?? fleet.instances.size;
  const name = `${fleet.plan.name}-${number}`;
  const instance: Instance = {
    id: world.newId(),
    name,
    hostname: `${offer.backend}-${name}`,
    fleet,
    offer,
    region,
    gpus: offer.gpu === null ? [] : gpusOf(world, offer.gpu, offer.gpuCount),
    totalBlocks: fleet.plan.blocks ? BLOCKS : 1,
    startedMs: world.nowMs(),
    priceDollarsPerHour: priceNow(world, fleet, offer, region),
    phase: 'starting',
    places: new Set(),
    idleTurn: 0,
  };
  fleet.instances.add(instance);
  return instance;
}

export function announce(
  world: World,
  instance: Instance,
  found: { status: 'idle'; snapshot: true } | null,
): void {
  const { fleet, offer } = instance;
  world.emit(fleet.project.source, {
    type: 'fleetmeter.instance.started.v1',
    data: {
      project: fleet.project.name,
      fleet: { id: fleet.id, name: fleet.plan.name },
      instance: {
        id: instance.id,
        name: instance.name,
        type: offer.type,
        backend: offer.backend,
        region: instance.region,
        total_blocks: instance.totalBlocks,
      },
      resources: resourcesOf(offer, 1),
      price: { dollars_per_hour: instance.priceDollarsPerHour },
      ...found,
    },
  });
}

export function freeBlocks(instance: Instance): number {
  let free = instance.totalBlocks;
  for (const { gpus } of instance.places) free -= instance.totalBlocks === 1 ? 1 : gpus.length;
  return free;
}

export const hasRoom = (instance: Instance): boolean => freeBlocks(instance) > 0;

/** The list price, or the present spot price in its region: within a third of its usual share. */
export function priceNow(world: World, fleet: Fleet, offer: Offer, region: string): number {
  if (!fleet.plan.spot) return offer.listDollarsPerHour;
  const market = hash32(`${offer.backend}/${offer.type}/${region}`);
  const hours = world.ageMs() / HOUR;
  const drift = 0.24 * noise(market, hours) + 0.09 * noise(market + 1, hours * 5);
  return Math.round(offer.listDollarsPerHour * offer.spotShare * (1 + drift) * 10_000) / 10_000;
}

/** A share of an instance's resources; GPUs come whole. */
export function resourcesOf(offer: Offer, share: number) {
  const { gpu } = offer;
  return {
    cpus: offer.cpus * share,
    memory_bytes: offer.memoryGib * share * GIB,
    ...(gpu && {
      gpu: {
        vendor: gpu.vendor,
        name: gpu.name,
        count: offer.gpuCount * share,
        memory_bytes: gpu.memoryGib * GIB,
      },
    }),
  };
}
