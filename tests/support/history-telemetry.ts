/** Samples, as exporters in the field give them and worse. */
import { type Random } from './history-random';
import { labelOf, someOf } from './history-values';
import { instanceIdOf, jobIdOf, runIdOf, type Payload, type World } from './history-world';

const EXPORTERS = ['dcgm', 'dcgm', 'dcgm', 'amd', 'dcgm-2', ''];
const NAMES = [
  'DCGM_FI_DEV_GPU_UTIL',
  'DCGM_FI_DEV_GPU_UTIL',
  'DCGM_FI_DEV_FB_USED',
  'DCGM_FI_DEV_XID_ERRORS',
  'energy',
  'energy_total',
  'energy_total_total',
  'rows_sum',
  'latency_bucket',
  'latency_sum',
  'latency',
  'quantiles_count',
  'steps_count',
  'job:rule',
  'dstack_job_gpu_count',
  'fleetmeter_jobs',
  'bad name',
  '9lives',
  '',
  '__proto__',
];
/** What the vendor-neutral figures are made of. */
const GPU_NAMES = [
  'DCGM_FI_DEV_GPU_UTIL',
  'DCGM_FI_PROF_GR_ENGINE_ACTIVE',
  'DCGM_FI_DEV_FB_TOTAL',
  'DCGM_FI_DEV_FB_USED',
  'DCGM_FI_DEV_FB_FREE',
  'DCGM_FI_DEV_FB_RESERVED',
  'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION',
  'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
  'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL',
  'gpu_gfx_activity',
  'gpu_used_vram',
  'gpu_free_vram',
  'gpu_power_usage',
  'gpu_package_power',
  'gpu_energy_consumed',
  'gpu_average_package_power',
  'gpu_junction_temperature',
  'amd_gpu_gfx_activity',
  'amd_gpu_package_power',
  'nvidia_smi_utilization_gpu_ratio',
  'nvidia_smi_temperature_gpu',
  'xpum_engine_ratio',
  'xpum_temperature_celsius',
  'xpum_cache_errors_total',
];
const VALUES = [
  0,
  1,
  97.5,
  -3,
  1e300,
  0.1,
  null,
  2147483631,
  2147483632,
  2147483635.5,
  65535,
  4294967295,
  140737488355328,
  140737488355332,
  9223372036854775000,
  9223372036854775808,
];
const FAMILIES: Record<string, { type: string; help: string }> = {
  DCGM_FI_DEV_GPU_UTIL: { type: 'gauge', help: 'GPU utilization (in %).' },
  energy: { type: 'counter', help: '' },
  latency: { type: 'histogram', help: 'h' },
  quantiles: { type: 'SUMMARY', help: 's' },
  steps_count: { type: 'GaugeHistogram', help: 'its own name ends as a part does' },
  rows_sum: { type: 'untyped', help: 'no part of a histogram' },
};

export function telemetryPayload(world: World): Payload {
  const { random } = world;
  const ofJob = { run: { id: runIdOf(world) }, job: { id: jobIdOf(world) } };
  if (random.chance(0.35)) return { name: 'job.sampled', data: { ...ofJob, ...usageOf(random) } };
  const ofInstance = { instance: { id: instanceIdOf(world) }, ...(random.chance(0.1) ? { job: null } : {}) };
  const target = random.chance(0.4) ? ofJob : ofInstance;
  return {
    name: 'gpu.sampled',
    data: {
      ...target,
      exporter: random.pick(EXPORTERS),
      families: random.chance(0.7) ? FAMILIES : {},
      series: Array.from({ length: random.integer(0, 4) }, () => rowOf(random)),
    },
  };
}

function usageOf(random: Random): Record<string, unknown> {
  const gpus = Array.from({ length: random.integer(0, 3) }, () =>
    someOf(random, { usage_ratio: random.pick([0, 0.5, 1]), memory_usage_bytes: random.pick([0, 8e9]) }),
  );
  return someOf(random, {
    cpu_time_seconds: random.pick([0, 12.25, 1e9]),
    memory_usage_bytes: random.pick([0, 4096]),
    memory_working_set_bytes: random.pick([0, 2048.5]),
    gpus,
  });
}

function rowOf(random: Random): Record<string, unknown> {
  const labels: Record<string, string> = {};
  // As own members whatever their name: assigning to `__proto__` would set none.
  const put = (into: object, name: string, value: unknown): void =>
    void Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
  if (random.chance(0.85)) labels['UUID'] = random.pick(['GPU-0', 'GPU-0', 'GPU-1', 'GPU-2', '']);
  if (random.chance(0.5)) labels['gpu'] = random.pick(['0', '1']);
  if (random.chance(0.3)) labels[random.pick(['Hostname', 'hostname'])] = labelOf(random);
  if (random.chance(0.3)) labels['pod'] = random.pick(['', 'a']);
  if (random.chance(0.2)) labels[random.pick(['dstack_job_id', 'dstack_gpu', 'dstack_instance_id'])] = 'fake';
  if (random.chance(0.05)) put(labels, random.pick(['bad-name', '9', '', '__proto__']), 'x');
  if (random.chance(0.2)) labels[random.pick(['GPU_I_ID', 'gpu_partition_id'])] = random.pick(['7', '8', '']);
  if (random.chance(0.2))
    labels[random.pick(['gpu_uuid', 'serial_number', 'gpu_id'])] = random.pick([
      'a',
      '',
      'NA',
      '00-00',
      '0',
      'GPU-1',
    ]);
  if (random.chance(0.2)) labels['uuid'] = random.pick(['GPU-0', '1', 'N/A']);
  if (random.chance(0.1))
    labels[random.pick(['location', 'type'])] = random.pick(['gpu', 'mem', 'uncorrectable']);
  const values = {};
  for (let left = random.integer(0, 5); left > 0; left--) {
    put(values, random.pick(random.chance(0.3) ? GPU_NAMES : NAMES), random.pick(VALUES));
  }
  return { labels, values, ...(random.chance(0.2) ? { timestamp_ms: random.pick([0, 1e12, null]) } : {}) };
}
