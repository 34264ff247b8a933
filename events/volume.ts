import { Type } from '@sinclair/typebox';
import { declare } from './declaration';
import type { EntityId } from './declaration';
import { Amount, Flag, Id, Label, Price, Text, WithId, optional } from './fields';

const STATUSES = { first: 'active', unfinished: ['active'], finished: ['deleted'] } as const;

/** A volume exists, or its description has changed. A later one fills in what is absent here. */
const Created = Type.Object({
  project: Label,
  user: optional(Label),
  volume: Type.Object({
    id: Id,
    name: Label,
    backend: optional(Label),
    region: optional(Label),
    size_bytes: optional(Amount),
  }),
  price: optional(Price),
  /** True: the sender found the volume there, however old it is. */
  snapshot: optional(Flag),
});

const PriceChanged = Type.Object({ volume: WithId, price: Price });

const Deleted = Type.Object({ volume: WithId, reason: optional(Text) });

function about({ volume }: { readonly volume: { readonly id: string } }): EntityId<'volume'> {
  return { kind: 'volume', id: volume.id };
}

/** Storage that outlives the runs that use it, and costs until it is deleted. */
export const VOLUME = {
  statuses: STATUSES,
  events: [
    declare({
      type: 'fleetmeter.volume.created.v1',
      topic: 'lifecycle',
      verb: 'described',
      schema: Created,
      about,
      example: {
        at: '07:45:00.000',
        data: {
          project: 'main',
          user: 'ada',
          volume: {
            id: 'v-77f0',
            name: 'datasets',
            backend: 'aws',
            region: 'eu-west-1',
            size_bytes: 1099511627776,
          },
          price: { dollars_per_hour: 0.11 },
        },
      },
    }),
    declare({
      type: 'fleetmeter.volume.price_changed.v1',
      topic: 'lifecycle',
      verb: 'price_changed',
      schema: PriceChanged,
      about,
      example: { at: '09:00:00.000', data: { volume: { id: 'v-77f0' }, price: { dollars_per_hour: 0.1 } } },
    }),
    declare({
      type: 'fleetmeter.volume.deleted.v1',
      topic: 'lifecycle',
      verb: 'finished',
      schema: Deleted,
      about,
      example: { at: '11:30:00.000', data: { volume: { id: 'v-77f0' }, reason: 'deleted_by_user' } },
    }),
  ],
} as const;
