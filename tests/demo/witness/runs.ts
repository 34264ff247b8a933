import type { Fleet, Of } from './fleet';

export function watchRuns(fleet: Fleet) {
  /** Of runs that have not finished, with their project. */
  const names = new Set<string>();
  const everNamed = new Set<string>();
  return {
    submitted(event: Of<'fleetmeter.run.submitted.v1'>): void {
      const name = `${event.data.project}/${event.data.run.name}`;
      fleet.must(!names.has(name), 'name is taken');
      names.add(name);
      if (everNamed.has(name)) fleet.count('name used again');
      everNamed.add(name);
      submit(fleet, event);
    },
    statusChanged: (event: Of<'fleetmeter.run.status_changed.v1'>) => changeStatus(fleet, event),
    finished(event: Of<'fleetmeter.run.finished.v1'>): void {
      const run = fleet.get(fleet.runs, event.data.run.id);
      fleet.step('run', run, event.data.status);
      fleet.must(run.jobs.size === 0, 'finished before its jobs');
      names.delete(`${run.project}/${run.name}`);
      fleet.count(`run ${String(event.data.reason)}`);
    },
  };
}

function submit(fleet: Fleet, event: Of<'fleetmeter.run.submitted.v1'>): void {
  const { runs, count } = fleet;
  const must: Fleet['must'] = fleet.must;
  const { run, project, status, user } = event.data;
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
}

function changeStatus(fleet: Fleet, event: Of<'fleetmeter.run.status_changed.v1'>): void {
  const { runs, jobs, get, step } = fleet;
  const must: Fleet['must'] = fleet.must;
  const run = get(runs, event.data.run.id);
  step('run', run, event.data.status);
  const statuses = [...run.jobs].map((id) => get(jobs, id).status);
  if (event.data.status === 'provisioning') must(statuses.includes('provisioning'), 'no job provisioned');
  if (event.data.status === 'running') must(statuses.includes('running'), 'no job runs');
  if (event.data.status === 'pending') must(run.jobs.size === 0, 'pending with jobs');
}
