import type { Fleet, Instance, Place, Tenant } from './fleet';
import { announce, createInstance, freeBlocks, hasRoom, priceNow, setStatus } from './instance';
import type { Offer } from './offers';
import type { World } from './world';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/**
 * How many open instances are searched for room: more would make a large shared fleet slow, and find little.
 */
const LOOKED_AT = 48;
const MEAN_SPOT_LIFE = 4 * HOUR;
const MEAN_HARDWARE_LIFE = 400 * HOUR;

export interface Instances {
  /** Starts what is always there. */
  furnish(fleet: Fleet, count: number): void;
  /** A place for each tenant, or null if the fleet has no room and can't get any now. */
  reserve(fleet: Fleet, tenants: readonly Tenant[], blocks: number): Place[] | null;
  release(place: Place): void;
}

/** What all instances share. */
interface Site {
  readonly world: World;
  /** Called with each one as it comes up. */
  readonly watch: (instance: Instance) => void;
}

/**
 * The life of instances: provisioning, idle and busy in turn, terminating, terminated. `watch` is called with
 * each one as it comes up.
 */
export function openInstances(world: World, watch: (instance: Instance) => void): Instances {
  const site: Site = { world, watch };
  return {
    furnish: (fleet, count) => furnish(site, fleet, count),
    reserve: (fleet, tenants, blocks) => reserve(site, fleet, tenants, blocks),
    release: (place) => release(site, place),
  };
}

function start(site: Site, fleet: Fleet, offer: Offer): Instance {
  const instance = createInstance(site.world, fleet, offer, site.world.random.pick(offer.regions));
  announce(site.world, instance, null);
  if (site.world.random.chance(0.02)) {
    site.world.after(site.world.random.between(5, 9) * MINUTE, () =>
      lose(site, instance, 'waiting_instance_limit_exceeded', 'provisioning_timeout'),
    );
  } else {
    const median = offer.gpuCount >= 8 ? 150 : offer.gpuCount > 0 ? 75 : 40;
    site.world.after(site.world.random.lognormal(median * SECOND, 0.35), () => comeUp(site, instance));
  }
  return instance;
}

function comeUp(site: Site, instance: Instance): void {
  instance.phase = 'up';
  if (instance.places.size > 0) setStatus(site.world, instance, 'busy');
  else becomeIdle(site, instance);
  if (hasRoom(instance)) instance.fleet.open.add(instance);
  plant(site, instance);
  for (const place of instance.places) place.tenant.ready();
}

/** What may happen to any instance that is up. */
function plant(site: Site, instance: Instance): void {
  if (instance.fleet.plan.elastic) risk(site, instance);
  if (instance.fleet.plan.spot) followMarket(site, instance);
  site.watch(instance);
}

/** A spot instance is reclaimed, or a machine breaks: equally likely in each hour, whatever its age. */
function risk(site: Site, instance: Instance): void {
  const { spot } = instance.fleet.plan;
  const lifeMs = site.world.random.exponential(spot ? MEAN_SPOT_LIFE : MEAN_HARDWARE_LIFE);
  // Decided each hour again, so that a plan for the distant future doesn't keep in memory an instance that is
  // gone.
  site.world.after(Math.min(lifeMs, HOUR), () => {
    if (instance.phase !== 'up') return;
    if (lifeMs > HOUR) risk(site, instance);
    else lose(site, instance, spot ? 'interrupted_by_no_capacity' : 'instance_unreachable', 'unreachable');
  });
}

function followMarket(site: Site, instance: Instance): void {
  site.world.after(site.world.random.between(6, 18) * MINUTE, () => {
    if (instance.phase !== 'up') return;
    const price = priceNow(site.world, instance.fleet, instance.offer, instance.region);
    if (price !== instance.priceDollarsPerHour) {
      instance.priceDollarsPerHour = price;
      site.world.emit(instance.fleet.project.source, {
        type: 'fleetmeter.instance.price_changed.v1',
        data: { instance: { id: instance.id }, price: { dollars_per_hour: price } },
      });
      for (const place of instance.places) place.tenant.priced();
    }
    followMarket(site, instance);
  });
}

function becomeIdle(site: Site, instance: Instance): void {
  setStatus(site.world, instance, 'idle');
  const { plan, instances } = instance.fleet;
  const turn = ++instance.idleTurn;
  if (!plan.elastic) return;
  site.world.after(plan.idleMinutes * MINUTE, () => {
    if (instance.idleTurn !== turn || instance.phase !== 'up' || instance.places.size > 0) return;
    if (plan.standingPer100 > 0 && instances.size <= 1) return;
    end(site, instance, 'idle_timeout');
  });
}

function end(site: Site, instance: Instance, reason: string): void {
  instance.phase = 'going';
  instance.fleet.open.delete(instance);
  setStatus(site.world, instance, 'terminating');
  site.world.after(site.world.random.between(20, 70) * SECOND, () => {
    instance.phase = 'gone';
    const { fleet } = instance;
    fleet.instances.delete(instance);
    fleet.freeNumbers.push(Number(instance.name.slice(fleet.plan.name.length + 1)));
    site.world.emit(fleet.project.source, {
      type: 'fleetmeter.instance.terminated.v1',
      data: { instance: { id: instance.id }, reason },
    });
  });
}

function lose(
  site: Site,
  instance: Instance,
  jobReason: Parameters<Tenant['lost']>[0],
  reason: string,
): void {
  if (instance.phase === 'going' || instance.phase === 'gone') return;
  for (const place of [...instance.places]) place.tenant.lost(jobReason);
  end(site, instance, reason);
}

function moveIn(site: Site, instance: Instance, blocks: number, tenant: Tenant): Place {
  const free = instance.gpus.filter((gpu) => gpu.place === null);
  const place: Place = {
    instance,
    gpus: instance.totalBlocks === 1 ? free : free.slice(0, blocks),
    tenant,
  };
  for (const gpu of place.gpus) gpu.place = place;
  instance.places.add(place);
  if (!hasRoom(instance)) instance.fleet.open.delete(instance);
  if (instance.phase === 'up' && instance.places.size === 1) setStatus(site.world, instance, 'busy');
  return place;
}

function reserve(site: Site, fleet: Fleet, tenants: readonly Tenant[], blocks: number): Place[] | null {
  const rooms: Instance[] = [];
  let looked = 0;
  for (const instance of fleet.open) {
    if (rooms.length === tenants.length || looked++ === LOOKED_AT) break;
    if (instance.totalBlocks === 1 || freeBlocks(instance) >= blocks) rooms.push(instance);
  }
  const offer = fleet.plan.elastic
    ? fleet.plan.offers.find(({ scarcity }) => !site.world.random.chance(scarcity))
    : undefined;
  if (rooms.length < tenants.length && offer === undefined) return null;
  const places: Place[] = [];
  for (const [index, tenant] of tenants.entries()) {
    const instance = rooms[index] ?? (offer && start(site, fleet, offer));
    if (instance) places.push(moveIn(site, instance, blocks, tenant));
  }
  return places;
}

function release(site: Site, place: Place): void {
  const { instance } = place;
  for (const gpu of place.gpus) gpu.place = null;
  instance.places.delete(place);
  if (instance.phase !== 'up') return;
  if (instance.places.size > 0) instance.fleet.open.add(instance);
  else if (instance.fleet.plan.idleMinutes === 0) end(site, instance, 'job_finished');
  else {
    becomeIdle(site, instance);
    instance.fleet.open.add(instance);
  }
}

function furnish(site: Site, fleet: Fleet, count: number): void {
  for (let i = 0; i < count; i++) {
    const offer = site.world.random.pick(fleet.plan.offers);
    if (fleet.plan.elastic) {
      start(site, fleet, offer);
      continue;
    }
    const instance = createInstance(site.world, fleet, offer, site.world.random.pick(offer.regions));
    announce(site.world, instance, { status: 'idle', snapshot: true });
    instance.phase = 'up';
    fleet.open.add(instance);
    plant(site, instance);
  }
}
