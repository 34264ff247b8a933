import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Amount, AnyNumber, Label, Text, Whole, WithId, mapOf, optional } from './kinds';

/** What a job uses now. */
export const JobSampled = Type.Object({
  run: WithId,
  job: WithId,
  cpu_time_seconds: optional(Amount),
  memory_usage_bytes: optional(Amount),
  memory_working_set_bytes: optional(Amount),
  /** In GPU order. */
  gpus: optional(
    Type.Array(Type.Object({ usage_ratio: optional(Amount), memory_usage_bytes: optional(Amount) }), {
      description: 'a list',
    }),
  ),
});
export type JobSampled = Static<typeof JobSampled>;

const exposition = {
  /** Whose families these are: dcgm, amd, … */
  exporter: Text,
  families: mapOf(Type.Object({ type: Text, help: Text })),
  series: Type.Array(
    Type.Object({
      /** Written once for all the values that share them. */
      labels: mapOf(Label),
      /** By family; null counts as absent. */
      values: mapOf(Type.Union([AnyNumber, Type.Null()])),
      timestamp_ms: optional(Whole),
    }),
    { description: 'a list' },
  ),
};

/** What an exporter says of a job's GPUs. A member `instance` is an unknown one here, like any other. */
const GpuSampledOfJob = Type.Object({ job: WithId, run: WithId, ...exposition });
/** What an exporter says of an instance's GPUs. A member `run` is an unknown one here. */
const GpuSampledOfInstance = Type.Object({
  job: Type.Optional(Type.Null()),
  instance: WithId,
  ...exposition,
});

export const GpuSampled = Type.Union([GpuSampledOfJob, GpuSampledOfInstance]);
export type GpuSampled = Static<typeof GpuSampled>;

/** Which of the two alternatives data is meant to be: a job's where there is one. */
export function gpuSampledMeant(data: unknown): TSchema {
  const hasJob = typeof data === 'object' && data !== null && 'job' in data && data.job != null;
  return hasJob ? GpuSampledOfJob : GpuSampledOfInstance;
}
