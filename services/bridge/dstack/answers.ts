import { Kind, Type, TypeRegistry } from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Value } from '@sinclair/typebox/value';
import { microsOf } from '../fact';

/**
 * What is read from dstack's answers: only these members are kept. The answers also contain environments,
 * commands, keys and credentials, so an answer is never logged, and no error quotes one.
 */
const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
TypeRegistry.Set(
  'DstackTime',
  (_schema: TSchema, value) => typeof value === 'string' && microsOf(value) !== null,
);
const Time = Type.Unsafe<string>({ [Kind]: 'DstackTime', type: 'string' });

const Resources = Type.Object({
  cpus: Type.Number(),
  memory_mib: Type.Number(),
  gpus: Type.Array(
    Type.Object({ name: Type.String(), memory_mib: Type.Number(), vendor: maybe(Type.String()) }),
  ),
});
export type DstackResources = Static<typeof Resources>;

const InstanceType = Type.Object({ name: Type.String(), resources: Resources });

const Instance = Type.Object({
  id: Type.String(),
  project_name: Type.String(),
  name: Type.String(),
  status: Type.String(),
  created: Time,
  finished_at: maybe(Time),
  fleet_id: maybe(Type.String()),
  fleet_name: maybe(Type.String()),
  backend: maybe(Type.String()),
  region: maybe(Type.String()),
  price: maybe(Type.Number()),
  instance_type: maybe(InstanceType),
  total_blocks: maybe(Type.Integer()),
  hostname: maybe(Type.String()),
  termination_reason: maybe(Type.String()),
});
export type InstanceRow = Static<typeof Instance>;

const Submission = Type.Object({
  id: Type.String(),
  submission_num: Type.Integer(),
  submitted_at: Time,
  last_processed_at: Time,
  finished_at: maybe(Time),
  status: Type.String(),
  termination_reason: maybe(Type.String()),
  exit_status: maybe(Type.Integer()),
  job_provisioning_data: maybe(
    Type.Object({
      backend: Type.String(),
      base_backend: maybe(Type.String()),
      instance_type: InstanceType,
      price: Type.Number(),
    }),
  ),
  job_runtime_data: maybe(
    Type.Object({
      offer: maybe(
        Type.Object({
          instance: InstanceType,
          price: Type.Number(),
          blocks: maybe(Type.Integer()),
          total_blocks: maybe(Type.Integer()),
        }),
      ),
    }),
  ),
});
export type SubmissionRow = Static<typeof Submission>;

const Job = Type.Object({
  job_spec: Type.Object({
    job_num: Type.Integer(),
    replica_num: Type.Integer(),
    job_name: Type.String(),
  }),
  job_submissions: Type.Array(Submission),
});
export type JobRow = Static<typeof Job>;

const Scheduled = Type.Object({ schedule: maybe(Type.Unknown()) });
const Run = Type.Object({
  id: Type.String(),
  project_name: Type.String(),
  user: Type.String(),
  submitted_at: Time,
  last_processed_at: Time,
  status: Type.String(),
  termination_reason: maybe(Type.String()),
  run_spec: Type.Object({
    run_name: Type.String(),
    configuration: Type.Object({
      type: Type.String(),
      tags: maybe(Type.Record(Type.String(), Type.Unknown())),
      schedule: maybe(Type.Unknown()),
    }),
    profile: maybe(Scheduled),
  }),
  jobs: Type.Array(Job),
});
export type RunRow = Static<typeof Run>;

const Volume = Type.Object({
  id: Type.String(),
  project_name: Type.String(),
  user: Type.String(),
  name: Type.String(),
  status: Type.String(),
  created_at: Time,
  last_processed_at: Time,
  deleted: Type.Boolean(),
  deleted_at: maybe(Time),
  configuration: Type.Object({ backend: Type.String(), region: maybe(Type.String()) }),
  provisioning_data: maybe(
    // `price` is per month.
    Type.Object({ size_gb: maybe(Type.Number()), price: maybe(Type.Number()) }),
  ),
});
export type VolumeRow = Static<typeof Volume>;

const Event = Type.Object({
  id: Type.String(),
  message: Type.String(),
  recorded_at: Time,
  targets: Type.Array(
    Type.Object({
      type: Type.String(),
      id: Type.String(),
      name: Type.String(),
      project_name: maybe(Type.String()),
    }),
  ),
});
export type EventRow = Static<typeof Event>;

/** A row as read, or undefined if it is malformed. */
export type RowReader<T> = (value: unknown) => T | undefined;

/** Without the members not named above: they are kept no longer than it takes to read the answer. */
function reader<S extends TSchema>(schema: S): RowReader<Static<S>> {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    if (!compiled.Check(value)) return undefined;
    Value.Clean(schema, value);
    return value;
  };
}

export const readRun = reader(Run);
export const readInstance = reader(Instance);
export const readVolume = reader(Volume);
export const readEvent = reader(Event);
