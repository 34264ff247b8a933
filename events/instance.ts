import { Type, type Static } from '@sinclair/typebox';
import { Flag, Id, Label, Positive, Price, Resources, Text, WithId, oneOf, optional } from './kinds';
import { STATUSES } from './statuses';

const UnfinishedStatus = oneOf(STATUSES.instance.unfinished);

/** An instance is there, or its description has changed: what is absent is corrected by a later one that has it. */
export const InstanceStarted = Type.Object({
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
export type InstanceStarted = Static<typeof InstanceStarted>;

export const InstanceStatusChanged = Type.Object({ instance: WithId, status: UnfinishedStatus });
export type InstanceStatusChanged = Static<typeof InstanceStatusChanged>;

export const InstancePriceChanged = Type.Object({ instance: WithId, price: Price });
export type InstancePriceChanged = Static<typeof InstancePriceChanged>;

/** An empty reason counts as absent, here and in the other finishes: the fold sees to it. */
export const InstanceTerminated = Type.Object({ instance: WithId, reason: optional(Text) });
export type InstanceTerminated = Static<typeof InstanceTerminated>;
