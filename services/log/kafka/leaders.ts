import { nameOf } from './cursors';
import type { Transport } from './transport';

/** The topics are not as they should be. */
export class TopicChanged extends Error {}

/** Who leads each partition, by nameOf(). Throws TopicChanged if a topic has another count of partitions. */
export async function currentLeaders(
  transport: Transport,
  topics: readonly string[],
  partitions: number,
): Promise<Map<string, string>> {
  const leaderOf = new Map<string, string>();
  for (const topic of topics) {
    const leaders = await transport.leaders(topic);
    checkCount(topic, leaders, partitions);
    for (const [leader, numbers] of leaders) {
      for (const partition of numbers) leaderOf.set(nameOf({ topic, partition }), leader);
    }
  }
  return leaderOf;
}

function checkCount(topic: string, leaders: ReadonlyMap<string, number[]>, partitions: number): void {
  const count = [...leaders.values()].flat().length;
  if (count === partitions) return;
  throw new TopicChanged(
    `topic ${topic} has ${count} partitions, ${partitions} were expected: a topic's count never changes; ` +
      'export the events and import them into new topics',
  );
}
