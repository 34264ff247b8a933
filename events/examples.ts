import type { EventType } from './event';

/** One event of each type as it goes over the wire; together the life of a run with one job on one instance. */
export const EXAMPLES: Readonly<Record<EventType, Readonly<Record<string, unknown>>>> = {
  'fleetmeter.instance.started.v1': {
    ...envelope('instance.started', '08:00:02.120', 'i-9c1d', 'i-9c1d'),
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
  'fleetmeter.instance.status_changed.v1': {
    ...envelope('instance.status_changed', '08:03:40.000', 'i-9c1d', 'i-9c1d'),
    data: { instance: { id: 'i-9c1d' }, status: 'busy' },
  },
  'fleetmeter.instance.price_changed.v1': {
    ...envelope('instance.price_changed', '09:00:00.000', 'i-9c1d', 'i-9c1d'),
    data: { instance: { id: 'i-9c1d' }, price: { dollars_per_hour: 91.5 } },
  },
  'fleetmeter.instance.terminated.v1': {
    ...envelope('instance.terminated', '11:15:09.003', 'i-9c1d', 'i-9c1d'),
    data: { instance: { id: 'i-9c1d' }, reason: 'idle_timeout' },
  },
  'fleetmeter.run.submitted.v1': {
    ...envelope('run.submitted', '08:00:00.000', 'r-b02a', 'r-b02a'),
    data: {
      project: 'main',
      user: 'ada',
      run: { id: 'r-b02a', name: 'train-llm', type: 'task', tags: { team: 'research' } },
      status: 'submitted',
    },
  },
  'fleetmeter.run.status_changed.v1': {
    ...envelope('run.status_changed', '08:00:12.345', 'r-b02a', 'r-b02a'),
    data: { run: { id: 'r-b02a' }, status: 'provisioning' },
  },
  'fleetmeter.run.finished.v1': {
    ...envelope('run.finished', '11:00:01.250', 'r-b02a', 'r-b02a'),
    data: { run: { id: 'r-b02a' }, status: 'done', reason: 'all_jobs_done' },
  },
  'fleetmeter.job.submitted.v1': {
    ...envelope('job.submitted', '08:00:00.000', 'j-5e1f', 'r-b02a'),
    data: {
      project: 'main',
      user: 'ada',
      run: { id: 'r-b02a', name: 'train-llm', type: 'task' },
      job: { id: 'j-5e1f', name: 'train-llm-0-0', num: 0, replica_num: 0, submission_num: 0 },
    },
  },
  'fleetmeter.job.provisioned.v1': {
    ...envelope('job.provisioned', '08:00:12.345', 'j-5e1f', 'r-b02a'),
    data: {
      run: { id: 'r-b02a' },
      job: { id: 'j-5e1f' },
      instance: {
        id: 'i-9c1d',
        name: 'gpu-fleet-0',
        type: 'p5.48xlarge',
        backend: 'aws',
        gpu_uuids: ['GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a01', 'GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a02'],
      },
      resources: {
        cpus: 48,
        memory_bytes: 549755813888,
        gpu: { vendor: 'nvidia', name: 'H100', count: 2, memory_bytes: 85899345920 },
      },
      price: { dollars_per_hour: 98.32 },
      blocks: { used: 2, total: 8 },
    },
  },
  'fleetmeter.job.status_changed.v1': {
    ...envelope('job.status_changed', '08:03:41.200', 'j-5e1f', 'r-b02a'),
    data: { run: { id: 'r-b02a' }, job: { id: 'j-5e1f' }, status: 'pulling' },
  },
  'fleetmeter.job.price_changed.v1': {
    ...envelope('job.price_changed', '09:00:00.000', 'j-5e1f', 'r-b02a'),
    data: { run: { id: 'r-b02a' }, job: { id: 'j-5e1f' }, price: { dollars_per_hour: 91.5 } },
  },
  'fleetmeter.job.finished.v1': {
    ...envelope('job.finished', '11:00:00.900', 'j-5e1f', 'r-b02a'),
    data: {
      run: { id: 'r-b02a' },
      job: { id: 'j-5e1f' },
      status: 'done',
      reason: 'done_by_runner',
      exit_status: 0,
    },
  },
  'fleetmeter.job.sampled.v1': {
    ...envelope('job.sampled', '08:30:00.000', 'j-5e1f', 'r-b02a'),
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
  'fleetmeter.gpu.sampled.v1': {
    ...envelope('gpu.sampled', '08:30:00.000', 'i-9c1d', 'i-9c1d'),
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
};

function envelope(name: string, time: string, subject: string, partitionkey: string) {
  return {
    specversion: '1.0',
    id: `example-${name}`,
    source: '/dstack/server/eu-1',
    type: `fleetmeter.${name}.v1`,
    time: `2026-11-24T${time}Z`,
    subject,
    partitionkey,
  };
}
