import { Type } from '@sinclair/typebox';
import { declare } from './declaration';
import type { EntityId } from './declaration';
import { Flag, Id, Label, Positive, Price, Resources, Text, WithId, oneOf, optional } from './fields';

const STATUSES = {
  first: 'provisioning',
  unfinished: ['pending', 'provisioning', 'idle', 'busy', 'terminating'],
  finished: ['terminated'],
} as const;
export type InstanceStatus = (typeof STATUSES)['unfinished' | 'finished'][number];

const UnfinishedStatus = oneOf(STATUSES.unfinished);

/** An instance exists, or its description has changed. A later one fills in what is absent here. */
const Started = Type.Object({
  project: Label,
  fleet: optional(Type.Object({ id: Id, name: Label })),
  instance: Type.Object({
    id: Id,
    name: Label,
    type: optional(Label),
    backend: optional(Label),
    region: optional(Text),
    total_blocks: optional(Positive),
  }),
  resources: optional(Resources),
  price: optional(Price),
  /** Absent: provisioning. */
  status: optional(UnfinishedStatus),
  /** True: the sender found the instance there, however old it is. */
  snapshot: optional(Flag),
});

const StatusChanged = Type.Object({ instance: WithId, status: UnfinishedStatus });

const PriceChanged = Type.Object({ instance: WithId, price: Price });

/** An empty reason counts as absent, here and in the other kinds' finishes: the fold takes care of that. */
const Terminated = Type.Object({ instance: WithId, reason: optional(Text) });

export function aboutInstance({
  instance,
}: {
  readonly instance: { readonly id: string };
}): EntityId<'instance'> {
  return { kind: 'instance', id: instance.id };
}

/** A machine that costs money for as long as it exists, whatever runs on it. */
export const INSTANCE = {
  statuses: STATUSES,
  events: [
    declare({
      type: 'fleetmeter.instance.started.v1',
      topic: 'lifecycle',
      verb: 'described',
      schema: Started,
      about: aboutInstance,
      example: {
        at: '08:00:02.120',
        data: {
          project: 'main',
          fleet: { id: 'f-31aa', name: 'gpu-fleet' },
          instance: {
            id: 'i-9c1d',
            name: 'gpu-fleet-0',
            type: 'p5.48xlarge',
            backend: 'aws',
            region: 'eu-west-1',
            total_blocks: 8,
          },
          resources: {
            cpus: 192,
            memory_bytes: 2199023255552,
            gpu: { vendor: 'nvidia', name: 'H100', count: 8, memory_bytes: 85899345920 },
          },
          price: { dollars_per_hour: 98.32 },
          status: 'provisioning',
        },
      },
    }),
    declare({
      type: 'fleetmeter.instance.status_changed.v1',
      topic: 'lifecycle',
      verb: 'status_changed',
      schema: StatusChanged,
      about: aboutInstance,
      example: { at: '08:03:40.000', data: { instance: { id: 'i-9c1d' }, status: 'busy' } },
    }),
    declare({
      type: 'fleetmeter.instance.price_changed.v1',
      topic: 'lifecycle',
      verb: 'price_changed',
      schema: PriceChanged,
      about: aboutInstance,
      example: {
        at: '09:00:00.000',
        data: { instance: { id: 'i-9c1d' }, price: { dollars_per_hour: 91.5 } },
      },
    }),
    declare({
      type: 'fleetmeter.instance.terminated.v1',
      topic: 'lifecycle',
      verb: 'finished',
      schema: Terminated,
      about: aboutInstance,
      example: { at: '11:15:09.003', data: { instance: { id: 'i-9c1d' }, reason: 'idle_timeout' } },
    }),
  ],
} as const;
