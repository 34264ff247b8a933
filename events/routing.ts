import type { Topic } from './declaration';
import type { FleetEvent } from './event';

export const TOPIC_NAMES = {
  lifecycle: 'fleetmeter.lifecycle',
  telemetry: 'fleetmeter.telemetry',
  'dead-letter': 'fleetmeter.dead-letter',
} as const;

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * Murmur 2, 32 bit, with Kafka's seed: a signed number, as `org.apache.kafka.common.utils.Utils.murmur2`
 * gives it.
 */
export function murmur2(bytes: Buffer): number {
  const length = bytes.length;
  const whole = length - (length % 4);
  let h = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(bytes.readInt32LE(at), M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  if (whole < length) h = Math.imul(h ^ bytes.readUIntLE(whole, length - whole), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition that Kafka's Java client would choose for the key, of its UTF-8. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** The topic of an event and its partition key, both derived from its type and data alone. */
export function routeOf({ topic, about }: FleetEvent): { topic: Topic; key: string } {
  return { topic, key: about.within ?? about.id };
}

/** The id of the entity that an event is about: its CloudEvents `subject`. */
export function subjectOf({ about }: FleetEvent): string {
  return about.id;
}
