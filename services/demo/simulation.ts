import type { FleetEvent } from '../../events/event';
import type { Fleet } from './fleet';
import { openInstances } from './instances';
import type { Instances } from './instances';
import { PROJECTS } from './projects';
import { openRuns } from './runs';
import type { Runs } from './runs';
import { openTelemetry } from './telemetry';
import { openVolumes } from './volumes';
import { openWorld } from './world';
import type { World } from './world';

const MINUTE = 60_000;
/** How fast users notice that the fleet has room. */
const FILL_MINUTES = 2.5;
/** How many of the live jobs are waiting, starting or ending: to have N running, there must be more. */
const LIVE_PER_RUNNING = 1.08;

export interface SimulationOptions {
  /** The same options give the same events; another seed, another fleet. */
  readonly seed: number;
  /** About how many jobs run at the same time, once the fleet has filled up. */
  readonly jobs: number;
  /** Times of the first and the last possible event: ms since the epoch; the end may be Infinity. */
  readonly startMs: number;
  readonly endMs: number;
  /** How many times faster than event time the fleet lives: at 10, an hour's run takes six minutes. */
  readonly speed: number;
  /** Samples from this time on; Infinity: lifecycle events only. The lifecycle is the same either way. */
  readonly telemetryFromMs: number;
}

/** The life of a GPU fleet as events in order of time, as its servers and agents would send them. */
export function* simulate(options: SimulationOptions): Generator<FleetEvent, void, undefined> {
  const world = openWorld(options);
  const telemetry = Number.isFinite(options.telemetryFromMs)
    ? openTelemetry(world, options.telemetryFromMs, options.jobs)
    : { watchJob: () => undefined, watchInstance: () => undefined };
  const instances = openInstances(world, telemetry.watchInstance);
  world.after(0, () => {
    const fleets = furnish(world, instances, options.jobs);
    const runs = openRuns({ world, instances, watch: telemetry.watchJob }, (project, plan) => {
      const fleet = fleets.get(`${project.name}/${plan.fleet}`);
      if (fleet === undefined) throw new Error(`project ${project.name} has no fleet ${plan.fleet}`);
      return fleet;
    });
    arrive(world, runs, options.jobs * LIVE_PER_RUNNING);
    openVolumes(world, options.seed);
  });
  for (let events = world.step(options.endMs); events !== null; events = world.step(options.endMs))
    yield* events;
}

/** The projects' fleets, by `project/fleet`, with their permanent instances. */
function furnish(world: World, instances: Instances, jobs: number): Map<string, Fleet> {
  const fleets = new Map<string, Fleet>();
  for (const project of PROJECTS) {
    for (const plan of project.fleets) {
      const fleet: Fleet = {
        id: world.newId(),
        plan,
        project,
        instances: new Set(),
        open: new Set(),
        freeNumbers: [],
      };
      fleets.set(`${project.name}/${plan.name}`, fleet);
      instances.furnish(fleet, Math.ceil((plan.standingPer100 * jobs) / 100));
    }
  }
  return fleets;
}

/** The more room there is, the more often users submit, but not at all once `most` jobs are live. */
function arrive(world: World, runs: Runs, most: number): void {
  const { random } = world;
  const room = most - runs.liveJobs();
  if (room > 0) {
    const { project, user } = random.weighted(USERS);
    runs.submit(project, user, random.weighted(user.plans));
  }
  world.after(random.exponential((FILL_MINUTES * MINUTE) / Math.max(room, 1)), () =>
    arrive(world, runs, most),
  );
}

const USERS = PROJECTS.flatMap((project) =>
  project.users.map((user) => ({ weight: user.weight, project, user })),
);
