import { isTelemetry, type FleetEvent } from './event';

export const TOPIC_NAMES = {
  lifecycle: 'fleetmeter.lifecycle',
  telemetry: 'fleetmeter.telemetry',
  'dead-letter': 'fleetmeter.dead-letter',
} as const;

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Murmur 2, 32 bit, with Kafka's seed: a signed number, as `org.apache.kafka.common.utils.Utils.murmur2` gives it. */
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
export function routeOf(event: FleetEvent): { topic: 'lifecycle' | 'telemetry'; key: string } {
  return { topic: isTelemetry(event) ? 'telemetry' : 'lifecycle', key: keyOf(event) };
}

function keyOf(event: FleetEvent): string {
  switch (event.type) {
    case 'fleetmeter.instance.started.v1':
    case 'fleetmeter.instance.status_changed.v1':
    case 'fleetmeter.instance.price_changed.v1':
    case 'fleetmeter.instance.terminated.v1':
      return event.data.instance.id;
    case 'fleetmeter.run.submitted.v1':
    case 'fleetmeter.run.status_changed.v1':
    case 'fleetmeter.run.finished.v1':
    case 'fleetmeter.job.submitted.v1':
    case 'fleetmeter.job.provisioned.v1':
    case 'fleetmeter.job.status_changed.v1':
    case 'fleetmeter.job.price_changed.v1':
    case 'fleetmeter.job.finished.v1':
    case 'fleetmeter.job.sampled.v1':
      return event.data.run.id;
    case 'fleetmeter.gpu.sampled.v1':
      return event.data.job ? event.data.run.id : event.data.instance.id;
    default:
      return event satisfies never;
  }
}

/** The id of the entity that an event is about: its CloudEvents `subject`. */
export function subjectOf(event: FleetEvent): string {
  const { data } = event;
  if ('job' in data && data.job) return data.job.id;
  return keyOf(event);
}
