import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';

/**
 * What the CloudEvents attributes say of an event, besides its type. `(source, id)` names it once and for
 * all.
 */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  /** When it happened: milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The CloudEvents extension that orders events of the same millisecond. */
  readonly sequence?: string | undefined;
  /** The CloudEvents extension `recordedtime`, which an export writes: when the event was put on the log. */
  readonly recordedTimeMs?: number | undefined;
}

/** Names an entity. */
export interface EntityId<Kind extends string> {
  readonly kind: Kind;
  readonly id: string;
  /**
   * The id of the whole that it is a part of (a job's run), if its own id is unique only there. All events of
   * such a whole share a partition.
   */
  readonly within?: string;
}

/** Lifecycle events are kept for ever; of samples only the latest counts. */
export type Topic = 'lifecycle' | 'telemetry';

/**
 * What an event tells of its entity:
 * - described: it exists, and what it is (`started`, `submitted`, `created`)
 * - provisioned: it was given a place to run, and costs from now on
 * - status_changed, price_changed: it has another status or price from now on
 * - finished: its end (`terminated`, `finished`, `deleted`)
 * - sampled: what was measured of it
 */
export type Verb = 'described' | 'provisioned' | 'status_changed' | 'price_changed' | 'finished' | 'sampled';

/**
 * One event type as its kind's file declares it. Everything the rest of the code must know about it is here,
 * so a new type takes a new declaration and nothing else.
 */
interface Declared<
  Type extends string,
  T extends Topic,
  V extends Verb,
  S extends TSchema,
  Kind extends string,
> {
  readonly type: Type;
  readonly topic: T;
  readonly verb: V;
  /** Of its data. */
  readonly schema: S;
  /** The schema that explains what is wrong with data that `schema` refuses, if there are alternatives. */
  readonly meant?: (data: unknown) => TSchema;
  readonly about: (data: Static<S>) => EntityId<Kind>;
  /** For the reference: a time of day, and data. Together the examples are the life of one run. */
  readonly example: { readonly at: string; readonly data: Static<S> };
}

export function declare<
  const Type extends string,
  const T extends Topic,
  const V extends Verb,
  S extends TSchema,
  const Kind extends string,
>({ type, topic, verb, schema, meant = () => schema, about, example }: Declared<Type, T, V, S, Kind>) {
  const compiled = TypeCompiler.Compile(schema);
  interface Event extends Envelope {
    readonly type: Type;
    readonly topic: T;
    readonly verb: V;
    readonly about: EntityId<Kind>;
    readonly data: Static<S>;
  }
  function make({ id, source, timeMs, sequence, recordedTimeMs }: Envelope, data: Static<S>): Event {
    return { type, topic, verb, about: about(data), id, source, timeMs, sequence, recordedTimeMs, data };
  }
  return {
    type,
    topic,
    verb,
    schema,
    meant,
    example,
    /** An event made of data that is known to be valid. */
    make,
    /** The event, or null where the data isn't valid. */
    accept: (envelope: Envelope, data: unknown): Event | null =>
      compiled.Check(data) ? make(envelope, data) : null,
  };
}
