import type { History } from '../support/history';
import { openRandom } from '../support/history-random';
import type { ReplayWorld } from './world';

/**
 * Lets a history come in and be folded live, in batches of any size and at a clock that follows the events'
 * times and jumps; a few records stand on a wrong partition, and owners change.
 */
export async function playLive(world: ReplayWorld, { entries }: History, seed: number): Promise<void> {
  const random = openRandom(seed);
  const incoming = [...entries];
  world.nowMs = Date.UTC(2026, 10, 24, 8);
  while (incoming.length > 0) {
    const batch = incoming.splice(0, random.integer(1, 20));
    for (const { event } of batch) {
      if (event === undefined || random.chance(0.2)) continue;
      const timeMs = Date.parse(event.time.toUpperCase()) + random.pick([0, 500, 2000, 60_000, -200_000]);
      world.nowMs = Math.max(world.nowMs, timeMs);
    }
    const partition = random.integer(0, world.log.partitions - 1);
    const stray = random.chance(0.1)
      ? { topic: random.pick(['lifecycle', 'telemetry'] as const), partition }
      : undefined;
    await world.append(
      batch.map(({ line }) => line),
      stray,
    );
    world.nowMs += random.pick([0, 1, 400, 1500, 20_000, 700_000]);
    if (random.chance(0.7)) await world.live(world.nowMs, random.pick([1, 5, Infinity]));
    if (random.chance(0.1)) world.forget();
  }
  await world.live();
}
