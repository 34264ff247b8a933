import type { EntityId as EntityIdOf } from './declaration';
import { KINDS } from './kinds';
import type { EntityKind } from './kinds';
import { SAMPLES } from './sample';

export type { Envelope } from './declaration';

type Declaration = (typeof KINDS)[EntityKind]['events'][number] | (typeof SAMPLES)[number];

/** All that can happen. */
export const DECLARATIONS: readonly Declaration[] = [
  ...Object.values(KINDS).flatMap(({ events }): readonly Declaration[] => events),
  ...SAMPLES,
];

/** An event that has been checked; `type` or `verb` tells which. */
export type FleetEvent = NonNullable<ReturnType<Declaration['accept']>>;
export type EventType = FleetEvent['type'];
export type TelemetryEvent = Extract<FleetEvent, { readonly topic: 'telemetry' }>;
export type LifecycleEvent = Extract<FleetEvent, { readonly topic: 'lifecycle' }>;
export type EntityId = EntityIdOf<EntityKind>;

export const EVENT_TYPES: readonly EventType[] = DECLARATIONS.map(({ type }) => type);

const BY_TYPE: ReadonlyMap<string, Declaration> = new Map(
  DECLARATIONS.map((declaration) => [declaration.type, declaration]),
);

/** The declaration of an event type; undefined if there is none of that name. */
export function declarationOf(type: string): Declaration | undefined {
  return BY_TYPE.get(type);
}

export function isTelemetry(event: FleetEvent): event is TelemetryEvent {
  return event.topic === 'telemetry';
}
