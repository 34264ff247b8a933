import type { LifecycleEvent } from '../../../events/event';
import type { Fleet, InstanceSeen, Of } from './fleet';
import { REASONS } from './rules';

/** `speed`: how many times faster than event time the fleet lives. */
export function watchLifecycle(fleet: Fleet, speed: number) {
  const { instances, runs, jobs, get, count, step } = fleet;
  const must: Fleet['must'] = fleet.must;
  const volumes = new Map<string, { price: number }>();
  const names = new Set<string>();
  const everNamed = new Set<string>();
  /** Instances whose price has changed in this millisecond: their jobs' prices must have, by its end. */
  const repriced = new Set<InstanceSeen>();

  function endOfMillisecond(): void {
    for (const instance of repriced) {
      for (const id of instance.jobs)
        must(get(jobs, id).price === instance.price, `price of job ${id} is not its instance's`);
    }
    repriced.clear();
  }

  function see(event: LifecycleEvent): void {
    switch (event.type) {
      case 'fleetmeter.instance.started.v1': {
        start(event);
        return;
      }
      case 'fleetmeter.instance.status_changed.v1': {
        const instance = get(instances, event.data.instance.id);
        if (instance.status === 'idle' && event.data.status === 'terminating')
          instance.wasIdleMs = event.timeMs - instance.idleSinceMs;
        step('instance', instance, event.data.status);
        if (event.data.status === 'idle') instance.idleSinceMs = event.timeMs;
        must(event.data.status !== 'idle' || instance.jobs.size === 0, 'idle with jobs');
        return;
      }
      case 'fleetmeter.instance.price_changed.v1': {
        const instance = get(instances, event.data.instance.id);
        const ratio = event.data.price.dollars_per_hour / instance.price;
        must(ratio > 0.5 && ratio < 2 && ratio !== 1, 'a price that jumps');
        instance.price = event.data.price.dollars_per_hour;
        repriced.add(instance);
        return;
      }
      case 'fleetmeter.instance.terminated.v1': {
        const instance = get(instances, event.data.instance.id);
        step('instance', instance, 'terminated');
        must(instance.jobs.size === 0, 'terminated with jobs');
        count(`instance ${String(event.data.reason)}`);
        // The least patient fleet waits for three minutes; one that waits for none ends its instances with
        // their jobs.
        if (event.data.reason === 'idle_timeout')
          must(instance.wasIdleMs * speed >= 3 * 60_000 - speed, 'idle for too short a time');
        return;
      }
      case 'fleetmeter.run.submitted.v1': {
        const { run, project, status, user } = event.data;
        must(!names.has(`${project}/${run.name}`), 'name is taken');
        names.add(`${project}/${run.name}`);
        if (everNamed.has(`${project}/${run.name}`)) count('name used again');
        everNamed.add(`${project}/${run.name}`);
        must(!runs.has(run.id), 'submitted twice');
        count(`type ${run.type}`);
        count(`project ${project}`);
        count(`user ${user}`);
        if (status === 'pending') count('scheduled');
        runs.set(run.id, {
          name: run.name,
          project,
          jobs: new Set(),
          submissions: new Map(),
          live: new Map(),
          status: status ?? 'submitted',
        });
        return;
      }
      case 'fleetmeter.run.status_changed.v1': {
        const run = get(runs, event.data.run.id);
        step('run', run, event.data.status);
        const statuses = [...run.jobs].map((id) => get(jobs, id).status);
        if (event.data.status === 'provisioning')
          must(statuses.includes('provisioning'), 'no job provisioned');
        if (event.data.status === 'running') must(statuses.includes('running'), 'no job runs');
        if (event.data.status === 'pending') must(run.jobs.size === 0, 'pending with jobs');
        return;
      }
      case 'fleetmeter.run.finished.v1': {
        const run = get(runs, event.data.run.id);
        step('run', run, event.data.status);
        must(run.jobs.size === 0, 'finished before its jobs');
        names.delete(`${run.project}/${run.name}`);
        count(`run ${String(event.data.reason)}`);
        return;
      }
      case 'fleetmeter.job.submitted.v1': {
        submit(event);
        return;
      }
      case 'fleetmeter.job.provisioned.v1': {
        provision(event);
        return;
      }
      case 'fleetmeter.job.status_changed.v1': {
        const job = get(jobs, event.data.job.id);
        step('job', job, event.data.status);
        if (event.data.status === 'running') job.runningMs = event.timeMs;
        return;
      }
      case 'fleetmeter.job.price_changed.v1': {
        const job = get(jobs, event.data.job.id);
        must(job.provisioned !== null && !(job.status in REASONS), 'a price without a place');
        job.price = event.data.price.dollars_per_hour;
        must(
          job.price === get(instances, job.provisioned.instance.id ?? '').price,
          "not its instance's price",
        );
        return;
      }
      case 'fleetmeter.job.finished.v1': {
        finish(event);
        return;
      }
      case 'fleetmeter.volume.created.v1': {
        const { volume, price } = event.data;
        must(!volumes.has(volume.id), 'created twice');
        must(price != null && volume.size_bytes != null, 'incomplete');
        volumes.set(volume.id, { price: price.dollars_per_hour });
        count('volume created');
        return;
      }
      case 'fleetmeter.volume.price_changed.v1': {
        const volume = get(volumes, event.data.volume.id);
        must(event.data.price.dollars_per_hour !== volume.price, 'a price that does not change');
        volume.price = event.data.price.dollars_per_hour;
        return;
      }
      case 'fleetmeter.volume.deleted.v1': {
        get(volumes, event.data.volume.id);
        volumes.delete(event.data.volume.id);
        count('volume deleted');
        return;
      }
      default:
        event satisfies never;
    }
  }

  function start({ data, timeMs }: Of<'fleetmeter.instance.started.v1'>): void {
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

  function submit({ data }: Of<'fleetmeter.job.submitted.v1'>): void {
    const { job, run: described } = data;
    const run = get(runs, described.id);
    const slot = `${job.replica_num}/${job.num}`;
    must(
      run.status === 'submitted' ||
        (described.type === 'service' && ['provisioning', 'running'].includes(run.status)),
      'nobody asked for a job',
    );
    must(described.name === run.name && data.project === run.project, 'described in two ways');
    must(job.submission_num === (run.submissions.get(slot) ?? 0), 'submission out of order');
    must(!run.live.has(slot), 'two jobs in one slot');
    must(!jobs.has(job.id), 'submitted twice');
    run.submissions.set(slot, (job.submission_num ?? 0) + 1);
    run.live.set(slot, job.id);
    run.jobs.add(job.id);
    if (job.submission_num !== 0) count('resubmitted job');
    if (job.num > 0) count('job of a further node');
    if (job.replica_num > 0) count('job of a further replica');
    jobs.set(job.id, {
      run: described.id,
      slot,
      status: 'submitted',
      provisioned: null,
      price: 0,
      sample: null,
      runningMs: 0,
    });
  }

  function provision({ data }: Of<'fleetmeter.job.provisioned.v1'>): void {
    const job = get(jobs, data.job.id);
    step('job', job, 'provisioning');
    const instance = get(instances, data.instance.id ?? '');
    must(['provisioning', 'busy'].includes(instance.status), 'an instance that takes no jobs');
    must(instance.project === get(runs, job.run).project, "another project's instance");
    job.provisioned = data;
    job.price = data.price.dollars_per_hour;
    must(job.price === instance.price, "not its instance's price");
    instance.jobs.add(data.job.id);
    count(data.blocks == null ? 'whole instance' : 'share of an instance');
    count(data.instance.gpu_uuids == null ? 'without UUIDs' : 'with UUIDs');
    must(
      data.instance.gpu_uuids == null || data.instance.gpu_uuids.length === data.resources.gpu?.count,
      'as many UUIDs as GPUs',
    );
    share(instance);
  }

  /** What the jobs of an instance have must be there, and no GPU is two jobs'. */
  function share(instance: InstanceSeen): void {
    const all = [...instance.jobs].flatMap((id) => get(jobs, id).provisioned ?? []);
    const sum = (of: (data: (typeof all)[number]) => number): number =>
      all.reduce((total, data) => total + of(data), 0);
    must(sum(({ blocks }) => (blocks ?? { used: 1 }).used) <= instance.total, 'more blocks than there are');
    must(
      all.every(({ blocks }) => (blocks ?? { total: 1 }).total === instance.total),
      "not the instance's blocks",
    );
    must(sum(({ resources }) => resources.cpus) <= instance.resources.cpus, 'more CPUs than there are');
    must(
      sum(({ resources }) => resources.memory_bytes) <= instance.resources.memory,
      'more memory than there is',
    );
    must(
      sum(({ resources }) => resources.gpu?.count ?? 0) <= instance.resources.gpus,
      'more GPUs than there are',
    );
    const uuids = all.flatMap((data) => data.instance.gpu_uuids ?? []);
    must(new Set(uuids).size === uuids.length, 'a GPU of two jobs');
    if (all.length > 1) count('shared instance');
  }

  function finish({ data }: Of<'fleetmeter.job.finished.v1'>): void {
    const job = get(jobs, data.job.id);
    step('job', job, data.status);
    must(REASONS[data.status]?.includes(data.reason ?? '') === true, 'a reason for another status');
    must((data.exit_status === 0) === (data.status === 'done'), 'an exit status for another status');
    count(`job ${String(data.reason)}`);
    const run = get(runs, job.run);
    run.jobs.delete(data.job.id);
    run.live.delete(job.slot);
    if (job.provisioned !== null) get(instances, job.provisioned.instance.id ?? '').jobs.delete(data.job.id);
  }

  return { see, endOfMillisecond };
}
