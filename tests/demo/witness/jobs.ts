import type { Fleet, InstanceSeen, Of } from './fleet';
import { REASONS } from './rules';

export function watchJobs(fleet: Fleet) {
  return {
    submitted: (event: Of<'fleetmeter.job.submitted.v1'>) => submit(fleet, event),
    provisioned: (event: Of<'fleetmeter.job.provisioned.v1'>) => provision(fleet, event),
    statusChanged: (event: Of<'fleetmeter.job.status_changed.v1'>) => changeStatus(fleet, event),
    priceChanged: (event: Of<'fleetmeter.job.price_changed.v1'>) => changePrice(fleet, event),
    finished: (event: Of<'fleetmeter.job.finished.v1'>) => finish(fleet, event),
  };
}

function submit(fleet: Fleet, { data }: Of<'fleetmeter.job.submitted.v1'>): void {
  const { runs, jobs, get, count } = fleet;
  const must: Fleet['must'] = fleet.must;
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

function provision(fleet: Fleet, { data }: Of<'fleetmeter.job.provisioned.v1'>): void {
  const { instances, runs, jobs, get, count, step } = fleet;
  const must: Fleet['must'] = fleet.must;
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
  share(fleet, instance);
}

/** What the jobs of an instance have must be there, and no GPU is two jobs'. */
function share(fleet: Fleet, instance: InstanceSeen): void {
  const { jobs, get, count } = fleet;
  const must: Fleet['must'] = fleet.must;
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

function changeStatus(fleet: Fleet, event: Of<'fleetmeter.job.status_changed.v1'>): void {
  const { jobs, get, step } = fleet;
  const job = get(jobs, event.data.job.id);
  step('job', job, event.data.status);
  if (event.data.status === 'running') job.runningMs = event.timeMs;
}

function changePrice(fleet: Fleet, event: Of<'fleetmeter.job.price_changed.v1'>): void {
  const { instances, jobs, get } = fleet;
  const must: Fleet['must'] = fleet.must;
  const job = get(jobs, event.data.job.id);
  must(job.provisioned !== null && !(job.status in REASONS), 'a price without a place');
  job.price = event.data.price.dollars_per_hour;
  must(job.price === get(instances, job.provisioned.instance.id ?? '').price, "not its instance's price");
}

function finish(fleet: Fleet, { data }: Of<'fleetmeter.job.finished.v1'>): void {
  const { instances, runs, jobs, get, count, step } = fleet;
  const must: Fleet['must'] = fleet.must;
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
