import { Type } from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';
import { declare } from './declaration';
import type { EntityId } from './declaration';
import { Amount, AnyNumber, Label, Text, Whole, WithId, mapOf, optional } from './fields';
import { aboutInstance } from './instance';
import { aboutJob } from './job';

/** What a job uses now. */
const JobSampled = Type.Object({
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
  /** Which exporter the families come from: dcgm, amd, … */
  exporter: Text,
  families: mapOf(Type.Object({ type: Text, help: Text })),
  series: Type.Array(
    Type.Object({
      /** Written once for all values that share them. */
      labels: mapOf(Label),
      /** By family; null counts as absent. */
      values: mapOf(Type.Union([AnyNumber, Type.Null()])),
      timestamp_ms: optional(Whole),
    }),
    { description: 'a list' },
  ),
};

/** What an exporter says of a job's GPUs. A member `instance` is as unknown here as any other. */
const GpuSampledOfJob = Type.Object({ job: WithId, run: WithId, ...exposition });
/** What an exporter says of an instance's GPUs. A member `run` is an unknown one here. */
const GpuSampledOfInstance = Type.Object({
  job: Type.Optional(Type.Null()),
  instance: WithId,
  ...exposition,
});

const GpuSampled = Type.Union([GpuSampledOfJob, GpuSampledOfInstance]);
export type GpuSampled = Static<typeof GpuSampled>;

/** Which of the two alternatives the data is meant to be: a job's, if it names one. */
function gpuSampledMeant(data: unknown): TSchema {
  const hasJob = typeof data === 'object' && data !== null && 'job' in data && data.job != null;
  return hasJob ? GpuSampledOfJob : GpuSampledOfInstance;
}

function aboutGpus(data: GpuSampled): EntityId<'job' | 'instance'> {
  return data.job == null ? aboutInstance(data) : aboutJob(data);
}

export const JOB_SAMPLED = declare({
  type: 'fleetmeter.job.sampled.v1',
  topic: 'telemetry',
  verb: 'sampled',
  schema: JobSampled,
  about: aboutJob,
  example: {
    at: '08:30:00.000',
    data: {
      run: { id: 'r-b02a' },
      job: { id: 'j-5e1f' },
      cpu_time_seconds: 5210.75,
      memory_usage_bytes: 68719476736,
      memory_working_set_bytes: 60129542144,
      gpus: [
        { usage_ratio: 0.97, memory_usage_bytes: 77309411328 },
        { usage_ratio: 0.95, memory_usage_bytes: 77309411328 },
      ],
    },
  },
});

export const GPU_SAMPLED = declare({
  type: 'fleetmeter.gpu.sampled.v1',
  topic: 'telemetry',
  verb: 'sampled',
  schema: GpuSampled,
  meant: gpuSampledMeant,
  about: aboutGpus,
  example: {
    at: '08:30:00.000',
    data: {
      instance: { id: 'i-9c1d' },
      exporter: 'dcgm',
      families: {
        DCGM_FI_DEV_GPU_UTIL: { type: 'gauge', help: 'GPU utilization (in %).' },
        DCGM_FI_DEV_GPU_TEMP: { type: 'gauge', help: 'GPU temperature (in C).' },
      },
      series: [
        {
          labels: { gpu: '0', UUID: 'GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a01', modelName: 'NVIDIA H100' },
          values: { DCGM_FI_DEV_GPU_UTIL: 97, DCGM_FI_DEV_GPU_TEMP: 61 },
        },
        {
          labels: { gpu: '1', UUID: 'GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a02', modelName: 'NVIDIA H100' },
          values: { DCGM_FI_DEV_GPU_UTIL: 95, DCGM_FI_DEV_GPU_TEMP: null },
          timestamp_ms: 1795509000000,
        },
      ],
    },
  },
});

/** What is measured about entities. */
export const SAMPLES = [JOB_SAMPLED, GPU_SAMPLED] as const;
