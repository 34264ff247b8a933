/**
 * The vendor-neutral figures of a GPU: the same names whoever made it, so that one dashboard shows a mixed fleet. Each is derived
 * from what the vendor's own exporter says, when the page is written.
 *
 * Sources: NVIDIA's DCGM (dcgm_fields.h, dcgm-exporter) and AMD's device-metrics-exporter (ROCm/device-metrics-exporter,
 * docs/configuration/metricslist.md; its MB are the driver's, 2^20 bytes).
 */
export type GpuVendor = 'nvidia' | 'amd';

/** What a figure is made of: fields that are added up, then scaled. */
export interface GpuSource {
  /** The source is there where all of them are. */
  readonly of: readonly string[];
  /** Added where it is there. */
  readonly and?: string;
  readonly times?: number;
  readonly per?: number;
  /** For a slice of a GPU only. */
  readonly sliceOnly?: true;
}

export interface GpuFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** The first source that is there holds. */
  readonly sources: Readonly<Record<GpuVendor, readonly GpuSource[]>>;
}

/** Then come the job's or the instance's. */
export const GPU_LABELS = ['vendor', 'uuid', 'gpu', 'gpu_instance'] as const;

/** Which of an exporter's labels say which GPU it is; of several the first that is not empty. */
export const GPU_IDENTITY: Readonly<
  Record<GpuVendor, Readonly<Record<'uuid' | 'gpu' | 'gpu_instance', readonly string[]>>>
> = {
  nvidia: { uuid: ['UUID'], gpu: ['gpu'], gpu_instance: ['GPU_I_ID'] },
  // Its GPU_UUID label is off by default; a serial number is always there.
  amd: { uuid: ['gpu_uuid', 'serial_number'], gpu: ['gpu_id'], gpu_instance: ['gpu_partition_id'] },
};

const MIB = 1_048_576;

export const GPU_FAMILIES: readonly GpuFamily[] = [
  {
    name: 'fleetmeter_gpu_utilization_ratio',
    type: 'gauge',
    help: 'Time that the GPU, or a slice of it, was busy (as 0.0-1.0)',
    sources: {
      nvidia: [
        // DCGM has no utilization of a MIG slice but this; what it gives as GPU_UTIL there is the whole GPU's.
        { of: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'], sliceOnly: true },
        { of: ['DCGM_FI_DEV_GPU_UTIL'], per: 100 },
        { of: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'] },
      ],
      amd: [{ of: ['gpu_gfx_activity'], per: 100 }],
    },
  },
  {
    name: 'fleetmeter_gpu_memory_used_bytes',
    type: 'gauge',
    help: 'GPU memory in use, bytes',
    sources: {
      nvidia: [{ of: ['DCGM_FI_DEV_FB_USED'], times: MIB }],
      amd: [{ of: ['gpu_used_vram'], times: MIB }],
    },
  },
  {
    name: 'fleetmeter_gpu_memory_total_bytes',
    type: 'gauge',
    help: 'GPU memory, bytes; without what the driver reserves where the exporter does not say it',
    sources: {
      nvidia: [
        { of: ['DCGM_FI_DEV_FB_TOTAL'], times: MIB },
        { of: ['DCGM_FI_DEV_FB_USED', 'DCGM_FI_DEV_FB_FREE'], and: 'DCGM_FI_DEV_FB_RESERVED', times: MIB },
      ],
      amd: [
        { of: ['gpu_total_vram'], times: MIB },
        { of: ['gpu_used_vram', 'gpu_free_vram'], times: MIB },
      ],
    },
  },
  {
    name: 'fleetmeter_gpu_power_watts',
    type: 'gauge',
    help: 'Power that the GPU draws, watts; on a slice, that of its whole GPU',
    sources: {
      nvidia: [{ of: ['DCGM_FI_DEV_POWER_USAGE'] }],
      amd: [
        { of: ['gpu_package_power'] },
        { of: ['gpu_average_package_power'] },
        { of: ['gpu_power_usage'] },
      ],
    },
  },
  {
    name: 'fleetmeter_gpu_temperature_celsius',
    type: 'gauge',
    help: 'Temperature of the GPU, degrees Celsius',
    sources: {
      nvidia: [{ of: ['DCGM_FI_DEV_GPU_TEMP'] }],
      amd: [{ of: ['gpu_junction_temperature'] }, { of: ['gpu_edge_temperature'] }],
    },
  },
  {
    name: 'fleetmeter_gpu_energy_joules_total',
    type: 'counter',
    help: 'Energy that the GPU has drawn, joules, as its driver counts it; on a slice, that of its whole GPU',
    sources: {
      nvidia: [{ of: ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'], per: 1000 }],
      amd: [{ of: ['gpu_energy_consumed'], per: 1_000_000 }],
    },
  },
  {
    name: 'fleetmeter_gpu_errors_total',
    type: 'counter',
    help: 'Uncorrectable memory errors of the GPU, as its driver counts them',
    sources: {
      nvidia: [
        { of: ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL'] },
        { of: ['DCGM_FI_DEV_ECC_DBE_AGG_TOTAL'] },
        // All that dcgm-exporter's own list of fields has of them: each such error remaps a row.
        { of: ['DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS'] },
      ],
      amd: [{ of: ['gpu_ecc_uncorrect_total'] }],
    },
  },
];

/** Which vendor's exporter a field is of; undefined: no figure is made of it. */
export const GPU_FIELD_VENDORS: ReadonlyMap<string, GpuVendor> = new Map(
  GPU_FAMILIES.flatMap(({ sources }) =>
    (['nvidia', 'amd'] as const).flatMap((vendor) =>
      sources[vendor].flatMap(({ of, and }) =>
        [...of, ...(and === undefined ? [] : [and])].map((name) => [name, vendor] as const),
      ),
    ),
  ),
);
