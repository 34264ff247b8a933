import type { JobSampled } from '../../events/sample';
import { JOB_LABELS } from './job';
import type { DescribedJob } from './job';

/** dstack's families of a job's latest usage sample. What the sample lacks has no series. */
export interface UsageFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** The series' own labels, after the job's, and its value. */
  readonly seriesOf: (
    job: DescribedJob,
    usage: JobSampled,
  ) => readonly (readonly [readonly string[], number])[];
}

type Field = 'cpu_time_seconds' | 'memory_usage_bytes' | 'memory_working_set_bytes';

function jobFamily(name: string, type: UsageFamily['type'], help: string, field: Field): UsageFamily {
  return {
    name,
    type,
    help,
    labels: JOB_LABELS,
    seriesOf: (_, usage) => {
      const value = usage[field];
      return value == null ? [] : [[[], value]];
    },
  };
}

type Gpu = NonNullable<JobSampled['gpus']>[number];

function gpuFamily(
  name: string,
  help: string,
  valueOf: (job: DescribedJob, gpu: Gpu) => number | null | undefined,
): UsageFamily {
  return {
    name,
    type: 'gauge',
    help,
    labels: [...JOB_LABELS, 'dstack_gpu_num'],
    seriesOf: (job, usage) =>
      (usage.gpus ?? []).flatMap((gpu, num) => {
        const value = valueOf(job, gpu);
        return value == null ? [] : [[[String(num)], value] as const];
      }),
  };
}

export const USAGE_FAMILIES: readonly UsageFamily[] = [
  jobFamily(
    'dstack_job_cpu_time_seconds_total',
    'counter',
    'Total CPU time consumed by the job, seconds',
    'cpu_time_seconds',
  ),
  jobFamily(
    'dstack_job_memory_usage_bytes',
    'gauge',
    'Memory used by the job (including cache), bytes',
    'memory_usage_bytes',
  ),
  jobFamily(
    'dstack_job_memory_working_set_bytes',
    'gauge',
    'Memory used by the job (not including cache), bytes',
    'memory_working_set_bytes',
  ),
  gpuFamily('dstack_job_gpu_usage_ratio', 'Job GPU usage, percent (as 0.0-1.0)', (_, gpu) => gpu.usage_ratio),
  gpuFamily(
    'dstack_job_gpu_memory_total_bytes',
    'Total GPU memory allocated for the job, bytes',
    (job) => job.placement?.resources.gpu?.memory_bytes,
  ),
  gpuFamily(
    'dstack_job_gpu_memory_usage_bytes',
    'GPU memory used by the job, bytes',
    (_, gpu) => gpu.memory_usage_bytes,
  ),
];
