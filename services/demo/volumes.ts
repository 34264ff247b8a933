import { PROJECTS } from './projects';
import type { Project } from './projects';
import { openRandom } from './random';
import type { Random } from './random';
import type { World } from './world';

/** What users keep on disks: data sets that stay, and scratch space that goes again. */

const HOUR = 3_600_000;
const GIB = 2 ** 30;
/** About what backends ask for network storage: 0.08 dollars a GiB and month. */
const DOLLARS_PER_GIB_HOUR = 0.08 / 730;
const SIZES_GIB = [100, 250, 500, 1000, 2000, 4000];
/**
 * The time between two scratch volumes of a project, how long one is kept, and the time between two changes
 * of a price.
 */
const SCRATCH_EVERY_HOURS = 2;
const SCRATCH_HOURS = 6;
const REPRICED_HOURS = 48;

/** Their random numbers are drawn separately: the fleet lives the same life with and without them. */
export function openVolumes(world: World, seed: number): void {
  const random = openRandom(`volumes/${seed}`);
  for (const project of PROJECTS) {
    for (const { name } of project.users) keepDataSet(world, random, project, name);
    scratchAgain(world, random, project);
  }
}

function keepDataSet(world: World, random: Random, project: Project, user: string): void {
  const volume = create(world, random, project, user, `${user}-data`);
  const change = (): void => {
    volume.dollarsPerHour = rounded(volume.dollarsPerHour * random.pick([0.95, 1.05]));
    world.emit(project.source, {
      type: 'fleetmeter.volume.price_changed.v1',
      data: { volume: { id: volume.id }, price: { dollars_per_hour: volume.dollarsPerHour } },
    });
    world.after(random.exponential(REPRICED_HOURS * HOUR), change);
  };
  world.after(random.exponential(REPRICED_HOURS * HOUR), change);
}

function scratchAgain(world: World, random: Random, project: Project, number = 1): void {
  world.after(random.exponential(SCRATCH_EVERY_HOURS * HOUR), () => {
    const user = random.pick(project.users);
    const { id } = create(world, random, project, user.name, `scratch-${number}`);
    world.after(random.exponential(SCRATCH_HOURS * HOUR), () => {
      const data = { volume: { id }, reason: 'deleted_by_user' };
      world.emit(project.source, { type: 'fleetmeter.volume.deleted.v1', data });
    });
    scratchAgain(world, random, project, number + 1);
  });
}

function create(
  world: World,
  random: Random,
  project: Project,
  user: string,
  name: string,
): { readonly id: string; dollarsPerHour: number } {
  const { backend, regions } = random.pick(project.fleets.flatMap(({ offers }) => offers));
  const id = world.newId();
  const gib = random.pick(SIZES_GIB);
  const dollarsPerHour = rounded(gib * DOLLARS_PER_GIB_HOUR);
  world.emit(project.source, {
    type: 'fleetmeter.volume.created.v1',
    data: {
      project: project.name,
      user,
      volume: { id, name, backend, region: random.pick(regions), size_bytes: gib * GIB },
      price: { dollars_per_hour: dollarsPerHour },
    },
  });
  return { id, dollarsPerHour };
}

function rounded(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}
