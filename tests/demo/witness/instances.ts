import type { Fleet, InstanceSeen, Of } from './fleet';

/** The rules of instances. `speed`: how many times faster than event time the fleet lives. */
export function watchInstances(fleet: Fleet, speed: number) {
  /** Those whose price has changed in this millisecond: their jobs' prices must have, by its end. */
  const repriced = new Set<InstanceSeen>();
  return {
    started: (event: Of<'fleetmeter.instance.started.v1'>) => start(fleet, event),
    statusChanged: (event: Of<'fleetmeter.instance.status_changed.v1'>) => changeStatus(fleet, event),
    priceChanged: (event: Of<'fleetmeter.instance.price_changed.v1'>) =>
      void repriced.add(changePrice(fleet, event)),
    terminated: (event: Of<'fleetmeter.instance.terminated.v1'>) => terminate(fleet, speed, event),
    endOfMillisecond(): void {
      for (const { jobs, price } of repriced) {
        for (const id of jobs)
          fleet.must(fleet.get(fleet.jobs, id).price === price, `price of job ${id} is not its instance's`);
      }
      repriced.clear();
    },
  };
}

function start(fleet: Fleet, { data, timeMs }: Of<'fleetmeter.instance.started.v1'>): void {
  const { instances, count } = fleet;
  const must: Fleet['must'] = fleet.must;
  const { instance, resources, price, project, status } = data;
  must(!instances.has(instance.id), 'started twice');
  must(resources != null && price != null && data.fleet != null, 'incomplete');
  const dollars = price.dollars_per_hour;
  const onPremises = instance.backend === 'remote' || instance.backend === 'kubernetes';
  must(onPremises ? dollars === 0 : dollars > 0.05 && dollars < 100, 'a price that nobody asks');
  count(`backend ${String(instance.backend)}`);
  count(`gpu ${resources.gpu?.name ?? 'none'}`);
  instances.set(instance.id, {
    project,
    total: instance.total_blocks ?? 1,
    resources: { cpus: resources.cpus, memory: resources.memory_bytes, gpus: resources.gpu?.count ?? 0 },
    jobs: new Set(),
    status: status ?? 'provisioning',
    idleSinceMs: timeMs,
    wasIdleMs: 0,
    price: dollars,
  });
}

function changeStatus(fleet: Fleet, event: Of<'fleetmeter.instance.status_changed.v1'>): void {
  const { instances, get, step } = fleet;
  const must: Fleet['must'] = fleet.must;
  const instance = get(instances, event.data.instance.id);
  if (instance.status === 'idle' && event.data.status === 'terminating')
    instance.wasIdleMs = event.timeMs - instance.idleSinceMs;
  step('instance', instance, event.data.status);
  if (event.data.status === 'idle') instance.idleSinceMs = event.timeMs;
  must(event.data.status !== 'idle' || instance.jobs.size === 0, 'idle with jobs');
}

function changePrice(fleet: Fleet, event: Of<'fleetmeter.instance.price_changed.v1'>): InstanceSeen {
  const { instances, get } = fleet;
  const must: Fleet['must'] = fleet.must;
  const instance = get(instances, event.data.instance.id);
  const ratio = event.data.price.dollars_per_hour / instance.price;
  must(ratio > 0.5 && ratio < 2 && ratio !== 1, 'a price that jumps');
  instance.price = event.data.price.dollars_per_hour;
  return instance;
}

function terminate(fleet: Fleet, speed: number, event: Of<'fleetmeter.instance.terminated.v1'>): void {
  const { instances, get, count, step } = fleet;
  const must: Fleet['must'] = fleet.must;
  const instance = get(instances, event.data.instance.id);
  step('instance', instance, 'terminated');
  must(instance.jobs.size === 0, 'terminated with jobs');
  count(`instance ${String(event.data.reason)}`);
  // The least patient fleet waits for three minutes; one that waits for none ends its instances with their
  // jobs.
  if (event.data.reason === 'idle_timeout')
    must(instance.wasIdleMs * speed >= 3 * 60_000 - speed, 'idle for too short a time');
}
