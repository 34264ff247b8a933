import { type InstanceStatus } from '../../events/instance';
import { type Fleet, type Gpu, type Instance, type Place, type Tenant } from './fleet';
import { type GpuModel, type Offer } from './offers';
import { hash32, noise } from './random';
import { type World } from './world';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const BLOCKS = 8;
/** How many open instances are looked at for room: more would make a large shared fleet slow, and find little. */
const LOOKED_AT = 48;
const MEAN_SPOT_LIFE = 4 * HOUR;
const MEAN_HARDWARE_LIFE = 400 * HOUR;

export interface Instances {
  /** Starts what is always there. */
  furnish(fleet: Fleet, count: number): void;
  /** A place for each tenant, or null where the fleet has no room and can get none now. */
  reserve(fleet: Fleet, tenants: readonly Tenant[], blocks: number): Place[] | null;
  release(place: Place): void;
}

/**
 * The life of instances: provisioning, idle and busy in turn, terminating, terminated. `watch` is called with each one
 * as it comes up.
 */
export function createInstances(world: World, watch: (instance: Instance) => void): Instances {
  const { random } = world;

  function setStatus(instance: Instance, status: Exclude<InstanceStatus, 'terminated'>): void {
    world.emit(instance.fleet.project.source, {
      type: 'fleetmeter.instance.status_changed.v1',
      data: { instance: { id: instance.id }, status },
    });
  }

  function gpusOf(model: GpuModel, count: number): Gpu[] {
    return Array.from({ length: count }, (_, index) => ({
      index,
      uuid: `GPU-${world.newId()}`,
      model,
      linked: model.nvlink && count > 1,
      place: null,
      sensors: null,
    }));
  }

  function build(fleet: Fleet, offer: Offer, region: string): Instance {
    const number = fleet.freeNumbers.pop() ?? fleet.instances.size;
    const name = `${fleet.plan.name}-${number}`;
    const instance: Instance = {
      id: world.newId(),
      name,
      hostname: `${offer.backend}-${name}`,
      fleet,
      offer,
      region,
      gpus: offer.gpu === null ? [] : gpusOf(offer.gpu, offer.gpuCount),
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

  function announce(instance: Instance, found: { status: 'idle'; snapshot: true } | null): void {
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

  function start(fleet: Fleet, offer: Offer): Instance {
    const instance = build(fleet, offer, random.pick(offer.regions));
    announce(instance, null);
    if (random.chance(0.02)) {
      world.after(random.between(5, 9) * MINUTE, () =>
        lose(instance, 'waiting_instance_limit_exceeded', 'provisioning_timeout'),
      );
    } else {
      const median = offer.gpuCount >= 8 ? 150 : offer.gpuCount > 0 ? 75 : 40;
      world.after(random.lognormal(median * SECOND, 0.35), () => comeUp(instance));
    }
    return instance;
  }

  function comeUp(instance: Instance): void {
    instance.phase = 'up';
    if (instance.places.size > 0) setStatus(instance, 'busy');
    else becomeIdle(instance);
    if (hasRoom(instance)) instance.fleet.open.add(instance);
    plant(instance);
    for (const place of instance.places) place.tenant.ready();
  }

  /** What may happen to any instance that is up. */
  function plant(instance: Instance): void {
    if (instance.fleet.plan.elastic) risk(instance);
    if (instance.fleet.plan.spot) followMarket(instance);
    watch(instance);
  }

  /** A spot instance is taken back, or a machine breaks: as likely in each hour, whatever its age. */
  function risk(instance: Instance): void {
    const { spot } = instance.fleet.plan;
    const lifeMs = random.exponential(spot ? MEAN_SPOT_LIFE : MEAN_HARDWARE_LIFE);
    // Looked at each hour anew, so that a plan for far ahead doesn't keep in memory an instance that is gone.
    world.after(Math.min(lifeMs, HOUR), () => {
      if (instance.phase !== 'up') return;
      if (lifeMs > HOUR) risk(instance);
      else lose(instance, spot ? 'interrupted_by_no_capacity' : 'instance_unreachable', 'unreachable');
    });
  }

  function followMarket(instance: Instance): void {
    world.after(random.between(6, 18) * MINUTE, () => {
      if (instance.phase !== 'up') return;
      const price = priceNow(world, instance.fleet, instance.offer, instance.region);
      if (price !== instance.priceDollarsPerHour) {
        instance.priceDollarsPerHour = price;
        world.emit(instance.fleet.project.source, {
          type: 'fleetmeter.instance.price_changed.v1',
          data: { instance: { id: instance.id }, price: { dollars_per_hour: price } },
        });
        for (const place of instance.places) place.tenant.priced();
      }
      followMarket(instance);
    });
  }

  function becomeIdle(instance: Instance): void {
    setStatus(instance, 'idle');
    const { plan, instances } = instance.fleet;
    const turn = ++instance.idleTurn;
    if (!plan.elastic) return;
    world.after(plan.idleMinutes * MINUTE, () => {
      if (instance.idleTurn !== turn || instance.phase !== 'up' || instance.places.size > 0) return;
      if (plan.standingPer100 > 0 && instances.size <= 1) return;
      end(instance, 'idle_timeout');
    });
  }

  function end(instance: Instance, reason: string): void {
    instance.phase = 'going';
    instance.fleet.open.delete(instance);
    setStatus(instance, 'terminating');
    world.after(random.between(20, 70) * SECOND, () => {
      instance.phase = 'gone';
      const { fleet } = instance;
      fleet.instances.delete(instance);
      fleet.freeNumbers.push(Number(instance.name.slice(fleet.plan.name.length + 1)));
      world.emit(fleet.project.source, {
        type: 'fleetmeter.instance.terminated.v1',
        data: { instance: { id: instance.id }, reason },
      });
    });
  }

  function lose(instance: Instance, jobReason: Parameters<Tenant['lost']>[0], reason: string): void {
    if (instance.phase === 'going' || instance.phase === 'gone') return;
    for (const place of [...instance.places]) place.tenant.lost(jobReason);
    end(instance, reason);
  }

  function settle(instance: Instance, blocks: number, tenant: Tenant): Place {
    const free = instance.gpus.filter((gpu) => gpu.place === null);
    const place: Place = {
      instance,
      gpus: instance.totalBlocks === 1 ? free : free.slice(0, blocks),
      tenant,
    };
    for (const gpu of place.gpus) gpu.place = place;
    instance.places.add(place);
    if (!hasRoom(instance)) instance.fleet.open.delete(instance);
    if (instance.phase === 'up' && instance.places.size === 1) setStatus(instance, 'busy');
    return place;
  }

  function reserve(fleet: Fleet, tenants: readonly Tenant[], blocks: number): Place[] | null {
    const rooms: Instance[] = [];
    let looked = 0;
    for (const instance of fleet.open) {
      if (rooms.length === tenants.length || looked++ === LOOKED_AT) break;
      if (instance.totalBlocks === 1 || freeBlocks(instance) >= blocks) rooms.push(instance);
    }
    const offer = fleet.plan.elastic
      ? fleet.plan.offers.find(({ scarcity }) => !random.chance(scarcity))
      : undefined;
    if (rooms.length < tenants.length && offer === undefined) return null;
    const places: Place[] = [];
    for (const [index, tenant] of tenants.entries()) {
      const instance = rooms[index] ?? (offer && start(fleet, offer));
      if (instance) places.push(settle(instance, blocks, tenant));
    }
    return places;
  }

  function release(place: Place): void {
    const { instance } = place;
    for (const gpu of place.gpus) gpu.place = null;
    instance.places.delete(place);
    if (instance.phase !== 'up') return;
    if (instance.places.size > 0) instance.fleet.open.add(instance);
    else if (instance.fleet.plan.idleMinutes === 0) end(instance, 'job_finished');
    else {
      becomeIdle(instance);
      instance.fleet.open.add(instance);
    }
  }

  function furnish(fleet: Fleet, count: number): void {
    for (let i = 0; i < count; i++) {
      const offer = random.pick(fleet.plan.offers);
      if (fleet.plan.elastic) {
        start(fleet, offer);
        continue;
      }
      const instance = build(fleet, offer, random.pick(offer.regions));
      announce(instance, { status: 'idle', snapshot: true });
      instance.phase = 'up';
      fleet.open.add(instance);
      plant(instance);
    }
  }

  return { furnish, reserve, release };
}

function freeBlocks(instance: Instance): number {
  let free = instance.totalBlocks;
  for (const { gpus } of instance.places) free -= instance.totalBlocks === 1 ? 1 : gpus.length;
  return free;
}

const hasRoom = (instance: Instance): boolean => freeBlocks(instance) > 0;

/** A list price, or what the spot market of its region asks now: within a third around its usual share. */
function priceNow(world: World, fleet: Fleet, offer: Offer, region: string): number {
  if (!fleet.plan.spot) return offer.listDollarsPerHour;
  const market = hash32(`${offer.backend}/${offer.type}/${region}`);
  const hours = world.ageMs() / HOUR;
  const drift = 0.24 * noise(market, hours) + 0.09 * noise(market + 1, hours * 5);
  return Math.round(offer.listDollarsPerHour * offer.spotShare * (1 + drift) * 10_000) / 10_000;
}

const GIB = 1024 ** 3;

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
