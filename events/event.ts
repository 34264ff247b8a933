import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { InstancePriceChanged, InstanceStarted, InstanceStatusChanged, InstanceTerminated } from './instance';
import { JobFinished, JobPriceChanged, JobProvisioned, JobStatusChanged, JobSubmitted } from './job';
import { RunFinished, RunStatusChanged, RunSubmitted } from './run';
import { GpuSampled, gpuSampledMeant, JobSampled } from './sample';

/** What the CloudEvents attributes say of an event, besides its type. `(source, id)` names it once and for all. */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  /** When what it tells happened: milliseconds since the epoch. */
  readonly timeMs: number;
  /** The CloudEvents extension that orders events of the same millisecond. */
  readonly sequence?: string;
  /** The CloudEvents extension `recordedtime`, which an export writes: when the event was put on the log. */
  readonly recordedTimeMs?: number;
}

/**
 * Declares one event type: its name and the schema of its data; `meant` tells for data that the schema refuses which
 * schema its faults are to be looked for with, where there are alternatives.
 */
function declare<T extends string, S extends TSchema>(
  type: T,
  schema: S,
  meant: (data: unknown) => TSchema = () => schema,
) {
  const compiled = TypeCompiler.Compile(schema);
  return {
    type,
    schema,
    meant,
    /** The event, or null where the data isn't valid. */
    accept(
      envelope: Envelope,
      data: unknown,
    ): (Envelope & { readonly type: T; readonly data: Static<S> }) | null {
      return compiled.Check(data) ? { type, ...envelope, data } : null;
    },
  };
}

/** All that can happen: one line an event type. */
export const DECLARATIONS = [
  declare('fleetmeter.instance.started.v1', InstanceStarted),
  declare('fleetmeter.instance.status_changed.v1', InstanceStatusChanged),
  declare('fleetmeter.instance.price_changed.v1', InstancePriceChanged),
  declare('fleetmeter.instance.terminated.v1', InstanceTerminated),
  declare('fleetmeter.run.submitted.v1', RunSubmitted),
  declare('fleetmeter.run.status_changed.v1', RunStatusChanged),
  declare('fleetmeter.run.finished.v1', RunFinished),
  declare('fleetmeter.job.submitted.v1', JobSubmitted),
  declare('fleetmeter.job.provisioned.v1', JobProvisioned),
  declare('fleetmeter.job.status_changed.v1', JobStatusChanged),
  declare('fleetmeter.job.price_changed.v1', JobPriceChanged),
  declare('fleetmeter.job.finished.v1', JobFinished),
  declare('fleetmeter.job.sampled.v1', JobSampled),
  declare('fleetmeter.gpu.sampled.v1', GpuSampled, gpuSampledMeant),
] as const;

type Declaration = (typeof DECLARATIONS)[number];
/** An event that was checked; told apart by `type`. */
export type FleetEvent = NonNullable<ReturnType<Declaration['accept']>>;
export type EventType = FleetEvent['type'];
export type TelemetryEvent = Extract<
  FleetEvent,
  { type: 'fleetmeter.job.sampled.v1' | 'fleetmeter.gpu.sampled.v1' }
>;
export type LifecycleEvent = Exclude<FleetEvent, TelemetryEvent>;

export const EVENT_TYPES: readonly EventType[] = DECLARATIONS.map(({ type }) => type);

const BY_TYPE: ReadonlyMap<string, Declaration> = new Map(
  DECLARATIONS.map((declaration) => [declaration.type, declaration]),
);

/** The declaration of an event type, undefined where there is none of that name. */
export function declarationOf(type: string): Declaration | undefined {
  return BY_TYPE.get(type);
}

/** Samples, of which only the latest counts; all other events are the lifecycle's, kept for ever. */
export function isTelemetry(event: FleetEvent): event is TelemetryEvent {
  return event.type === 'fleetmeter.job.sampled.v1' || event.type === 'fleetmeter.gpu.sampled.v1';
}
