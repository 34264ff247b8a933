import { AssignerProtocol } from 'kafkajs';
import type { Assigner, GroupMember, PartitionAssigner } from 'kafkajs';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/**
 * Gives partition N of all topics to one member, spreads partitions evenly, and leaves them where they are if
 * possible.
 *
 * kafkajs tells an assigner nothing about the previous assignment, so each member carries its own in its
 * metadata: the leader, whoever it is by now, reads it there. `held` returns what this member has.
 */
export function openAssigner(held: () => readonly number[], partitions: number): PartitionAssigner {
  return (): Assigner => ({
    name: 'fleetmeter-together',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'fleetmeter-together',
      metadata: MemberMetadata.encode({
        version: 0,
        topics,
        userData: Buffer.from(JSON.stringify({ held: held() })),
      }),
    }),
    assign({ members, topics }) {
      const assignment = assign(
        new Map(members.map((member) => [member.memberId, heldBy(member)])),
        partitions,
      );
      return Promise.resolve(
        [...assignment].map(([memberId, numbers]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: 0,
            assignment: Object.fromEntries(topics.map((topic) => [topic, [...numbers]])),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  });
}

/**
 * Partition numbers for each member, by its id: ⌊n ÷ members⌋ or one more each, as many as possible where
 * they were. A partition that two members claim (one was cut off and came back) stays with the first by id.
 */
export function assign(
  members: ReadonlyMap<string, readonly number[]>,
  partitions: number,
): Map<string, number[]> {
  const ids = [...members.keys()].sort();
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const result = new Map<string, number[]>(ids.map((id) => [id, []]));
  const least = Math.floor(partitions / ids.length);
  let withOneMore = partitions % ids.length;

  for (const id of ids) {
    const kept = [...new Set(members.get(id))].filter((partition) => free.has(partition));
    const quota = kept.length > least && withOneMore > 0 ? least + 1 : least;
    if (kept.length > least) withOneMore = Math.max(0, withOneMore - 1);
    for (const partition of kept.slice(0, quota)) {
      free.delete(partition);
      result.get(id)?.push(partition);
    }
  }
  const open = [...free];
  for (const numbers of result.values()) {
    while (numbers.length < least) numbers.push(...open.splice(0, 1));
  }
  for (const numbers of result.values()) {
    if (numbers.length === least) numbers.push(...open.splice(0, 1));
  }
  for (const numbers of result.values()) numbers.sort((a, b) => a - b);
  return result;
}

function heldBy({ memberMetadata }: GroupMember): number[] {
  try {
    const text = MemberMetadata.decode(memberMetadata)?.userData.toString() ?? '';
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('held' in value) || !Array.isArray(value.held))
      return [];
    return value.held.filter((partition): partition is number => Number.isInteger(partition));
  } catch {
    return []; // A member of another make: it holds nothing that could be kept.
  }
}
