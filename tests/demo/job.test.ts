import { type FleetEvent } from '../../events/event';
import { type Fleet } from '../../services/demo/fleet';
import { openInstances } from '../../services/demo/instances';
import { submitJob, type Job, type JobReason } from '../../services/demo/job';
import { PROJECTS } from '../../services/demo/projects';
import { openWorld } from '../../services/demo/world';

/** A job of a project with an instance that is always there, and nothing else in the world. */
function setUp() {
  const world = openWorld({ seed: 1, speed: 1, startMs: 0 });
  const project = PROJECTS.find(({ name }) => name === 'campus-lab')!;
  const user = project.users[0]!;
  const instances = openInstances(world, () => undefined);
  const fleet: Fleet = {
    id: 'fleet',
    plan: project.fleets[0]!,
    project,
    instances: new Set(),
    open: new Set(),
    freeNumbers: [],
  };
  const told: string[] = [];
  const listener = {
    provisioned: () => void told.push('provisioned'),
    running: () => void told.push('running'),
    failed: (_: Job, reason: JobReason) => void told.push(`failed ${reason}`),
    finished: (_: Job, reason: JobReason) => void told.push(`finished ${reason}`),
  };
  const run = { id: 'run', name: 'run', plan: user.plans[0]!, project, user };
  let job!: Job;
  world.after(0, () => {
    instances.furnish(fleet, 1);
    job = submitJob(
      { world, instances, watch: () => undefined },
      run,
      { num: 0, replicaNum: 0, submissionNum: 0 },
      listener,
    );
  });
  world.step(Infinity);
  const place = () => instances.reserve(fleet, [job], 3)![0]!;
  return { world, instance: [...fleet.instances][0]!, job, place, told };
}

/** Lets `act` happen, and all that follows from it; answers what was sent. */
function play(world: ReturnType<typeof openWorld>, act: () => void): FleetEvent[] {
  const events: FleetEvent[] = [];
  world.after(0, act);
  for (let step = world.step(Infinity); step !== null; step = world.step(Infinity)) events.push(...step);
  return events;
}

describe('a job', () => {
  test('that has a place begins to run there, and gives it back when it ends', () => {
    const { world, instance, job, place, told } = setUp();
    play(world, () => job.provision(place()));
    expect(job.phase).toBe('running');
    expect(instance.places.size).toBe(1);
    expect(instance.gpus.filter((gpu) => gpu.place !== null).length).toBe(3);
    const events = play(world, () => job.end('done_by_runner'));
    expect(events.map(({ type }) => type)).toEqual([
      'fleetmeter.job.status_changed.v1',
      'fleetmeter.job.finished.v1',
      'fleetmeter.instance.status_changed.v1',
    ]);
    expect(instance.places.size).toBe(0);
    expect(instance.gpus.every((gpu) => gpu.place === null)).toBe(true);
    expect(told).toEqual(['provisioned', 'running', 'finished done_by_runner']);
  });

  test('that has ended before its place was ready gives it back at once', () => {
    const { world, instance, job, place, told } = setUp();
    play(world, () => {
      const late = place();
      job.end('terminated_by_user');
      world.after(5000, () => job.provision(late));
    });
    expect(told).toEqual(['finished terminated_by_user']);
    expect(instance.places.size).toBe(0);
  });

  test('ends once, for the first reason', () => {
    const { world, job, place, told } = setUp();
    play(world, () => {
      job.provision(place());
      job.lost('instance_unreachable');
      job.end('done_by_runner');
      job.fail('container_exited_with_error');
    });
    expect(told).toEqual(['provisioned', 'failed instance_unreachable', 'finished instance_unreachable']);
  });
});
