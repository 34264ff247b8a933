/**
 * The vendor-neutral figures of a GPU: the same names whoever made the GPU, so that one dashboard can show a
 * mixed fleet. Each is derived from what the vendor's own exporter says (gpu-vendors.ts), when the page is
 * written.
 */
export interface GpuFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly figure: GpuFigure;
  /**
   * The possible range, both ends included; a value outside of it is the exporter's fault and makes no
   * figure.
   */
  readonly range: readonly [least: number, most: number];
}

export type GpuFigure =
  'utilization' | 'memoryUsed' | 'memoryTotal' | 'power' | 'temperature' | 'energy' | 'errors';

/** The job's or the instance's labels follow. */
export const GPU_LABELS = ['vendor', 'uuid', 'gpu', 'gpu_instance'] as const;

const MEMORY_BYTES = [0, 1e13] as const;
const COUNT = [0, Infinity] as const;

export const GPU_FAMILIES: readonly GpuFamily[] = [
  {
    name: 'fleetmeter_gpu_utilization_ratio',
    type: 'gauge',
    help: 'Time that the GPU, or a slice of it, was busy (as 0.0-1.0)',
    figure: 'utilization',
    range: [0, 1],
  },
  {
    name: 'fleetmeter_gpu_memory_used_bytes',
    type: 'gauge',
    help: 'GPU memory in use, bytes',
    figure: 'memoryUsed',
    range: MEMORY_BYTES,
  },
  {
    name: 'fleetmeter_gpu_memory_total_bytes',
    type: 'gauge',
    help: 'GPU memory, bytes; without what the driver reserves where the exporter does not say it',
    figure: 'memoryTotal',
    range: MEMORY_BYTES,
  },
  {
    name: 'fleetmeter_gpu_power_watts',
    type: 'gauge',
    help: 'Power that the GPU draws, watts; on a slice, that of its whole GPU',
    figure: 'power',
    range: [0, 100_000],
  },
  {
    name: 'fleetmeter_gpu_temperature_celsius',
    type: 'gauge',
    help: 'Temperature of the GPU, degrees Celsius',
    figure: 'temperature',
    range: [-50, 150],
  },
  {
    name: 'fleetmeter_gpu_energy_joules_total',
    type: 'counter',
    help: 'Energy that the GPU has drawn, joules, as its driver counts it; on a slice, that of its whole GPU',
    figure: 'energy',
    range: COUNT,
  },
  {
    name: 'fleetmeter_gpu_errors_total',
    type: 'counter',
    help: 'Uncorrectable memory errors of the GPU, as its driver counts them',
    figure: 'errors',
    range: COUNT,
  },
];
