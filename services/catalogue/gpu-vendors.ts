import type { GpuFigure } from './gpu';

/**
 * One table per vendor: what its exporters call a GPU, which of their fields each figure is made from, in
 * which unit, and which values mean that there is none.
 *
 * Sources: NVIDIA's DCGM (dcgm_fields.h, dcgm-exporter) and nvidia_gpu_exporter (utkuozdemir,
 * docs/METRICS.md); AMD's device-metrics-exporter (ROCm, docs/configuration/metricslist.md; its MB are the
 * driver's, 2^20 bytes); Intel's XPU Manager 1.x (rest/prometheus_exporter/prometheus_exporter_types.py: its
 * ratios are 0 to 1, whatever their HELP says).
 */
export interface GpuVendor {
  readonly vendor: 'nvidia' | 'amd' | 'intel';
  /** Which of an exporter's labels identify the GPU; of several, the first that names one. */
  readonly identity: Readonly<Record<'uuid' | 'gpu' | 'gpuInstance', readonly string[]>>;
  /** A prefix that the exporter may be configured to write before its names. */
  readonly prefix?: string;
  /** For fields that have several rows: the row that counts has this label, or none of that name. */
  readonly rows?: Readonly<Record<string, readonly [label: string, value: string]>>;
  /** Values that mean "not supported", by field. */
  readonly blanks?: Readonly<Record<string, readonly number[]>>;
  /** The first source that is present counts. */
  readonly sources: Readonly<Partial<Record<GpuFigure, readonly GpuSource[]>>>;
}

/** What a figure is made from: fields that are added up, then scaled. */
export interface GpuSource {
  /** The source is present if all of them are. */
  readonly of: readonly string[];
  /** Added if it is present. */
  readonly and?: string;
  readonly times?: number;
  readonly per?: number;
  /** For a slice of a GPU only. */
  readonly sliceOnly?: true;
  /** A missing sensor reads 0: another source with a higher value takes precedence. */
  readonly zeroIsNoSensor?: true;
}

const MIB = 1_048_576;

const NVIDIA: GpuVendor = {
  vendor: 'nvidia',
  identity: { uuid: ['UUID', 'uuid'], gpu: ['gpu'], gpuInstance: ['GPU_I_ID', 'gpu_instance_id'] },
  sources: {
    utilization: [
      // DCGM has no other utilization of a MIG slice; its GPU_UTIL is the whole GPU's.
      { of: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'], sliceOnly: true },
      { of: ['DCGM_FI_DEV_GPU_UTIL'], per: 100 },
      { of: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'] },
      { of: ['nvidia_smi_mig_graphics_activity_ratio'] },
      { of: ['nvidia_smi_utilization_gpu_ratio'] },
    ],
    memoryUsed: [
      { of: ['DCGM_FI_DEV_FB_USED'], times: MIB },
      { of: ['nvidia_smi_mig_memory_used_bytes'] },
      { of: ['nvidia_smi_memory_used_bytes'] },
    ],
    memoryTotal: [
      { of: ['DCGM_FI_DEV_FB_TOTAL'], times: MIB },
      { of: ['DCGM_FI_DEV_FB_USED', 'DCGM_FI_DEV_FB_FREE'], and: 'DCGM_FI_DEV_FB_RESERVED', times: MIB },
      { of: ['nvidia_smi_mig_memory_total_bytes'] },
      { of: ['nvidia_smi_memory_total_bytes'] },
    ],
    power: [
      { of: ['DCGM_FI_DEV_POWER_USAGE'] },
      { of: ['nvidia_smi_power_draw_watts'] },
      { of: ['nvidia_smi_power_draw_average_watts'] },
      { of: ['nvidia_smi_power_draw_instant_watts'] },
    ],
    temperature: [{ of: ['DCGM_FI_DEV_GPU_TEMP'] }, { of: ['nvidia_smi_temperature_gpu'] }],
    energy: [
      { of: ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'], per: 1000 },
      { of: ['nvidia_smi_energy_joules_total'] },
    ],
    errors: [
      { of: ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL'] },
      { of: ['DCGM_FI_DEV_ECC_DBE_AGG_TOTAL'] },
      // The only field of theirs in dcgm-exporter's own list: each such error remaps a row.
      { of: ['DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS'] },
      { of: ['nvidia_smi_ecc_errors_uncorrected_volatile_total'] },
      { of: ['nvidia_smi_ecc_errors_uncorrected_aggregate_total'] },
    ],
  },
};

/** The driver's "not applicable" of 16 and 32 bits, as it comes through some versions of the exporter. */
const NO_WATTS = [65_535, 2_147_483_647, 4_294_967_295];
const NO_COUNT = [4_294_967_295, 2 ** 64];

const AMD: GpuVendor = {
  vendor: 'amd',
  // Its GPU_UUID label is off by default, and all zeros on virtual functions; on bare metal there is a serial
  // number.
  identity: { uuid: ['gpu_uuid', 'serial_number'], gpu: ['gpu_id'], gpuInstance: ['gpu_partition_id'] },
  prefix: 'amd_',
  blanks: {
    gpu_package_power: NO_WATTS,
    gpu_average_package_power: NO_WATTS,
    gpu_power_usage: NO_WATTS,
    gpu_energy_consumed: NO_COUNT,
    gpu_ecc_uncorrect_total: NO_COUNT,
  },
  sources: {
    utilization: [{ of: ['gpu_gfx_activity'], per: 100 }],
    memoryUsed: [{ of: ['gpu_used_vram'], times: MIB }],
    memoryTotal: [
      { of: ['gpu_total_vram'], times: MIB },
      { of: ['gpu_used_vram', 'gpu_free_vram'], times: MIB },
    ],
    power: [
      { of: ['gpu_package_power'], zeroIsNoSensor: true },
      { of: ['gpu_average_package_power'], zeroIsNoSensor: true },
      { of: ['gpu_power_usage'], zeroIsNoSensor: true },
    ],
    temperature: [{ of: ['gpu_junction_temperature'] }, { of: ['gpu_edge_temperature'] }],
    energy: [{ of: ['gpu_energy_consumed'], per: 1_000_000 }],
    errors: [{ of: ['gpu_ecc_uncorrect_total'] }],
  },
};

const INTEL: GpuVendor = {
  vendor: 'intel',
  identity: { uuid: ['uuid'], gpu: ['dev_file'], gpuInstance: ['sub_dev'] },
  rows: {
    xpum_temperature_celsius: ['location', 'gpu'],
    xpum_cache_errors_total: ['type', 'uncorrectable'],
  },
  sources: {
    utilization: [{ of: ['xpum_engine_ratio'] }],
    memoryUsed: [{ of: ['xpum_memory_used_bytes'] }],
    power: [{ of: ['xpum_power_watts'] }],
    temperature: [{ of: ['xpum_temperature_celsius'] }],
    energy: [{ of: ['xpum_energy_joules_total'] }],
    errors: [{ of: ['xpum_cache_errors_total'] }],
  },
};

export const GPU_VENDORS: readonly GpuVendor[] = [NVIDIA, AMD, INTEL];

/** A field that a figure is made from, under the name that its vendor's table has for it. */
export interface GpuField {
  readonly vendor: GpuVendor;
  readonly field: string;
}

const FIELDS: ReadonlyMap<string, GpuField> = new Map(
  GPU_VENDORS.flatMap((vendor) =>
    fieldsOf(vendor).flatMap((field): (readonly [string, GpuField])[] => {
      const known = [field, { vendor, field }] as const;
      return vendor.prefix === undefined ? [known] : [known, [`${vendor.prefix}${field}`, known[1]]];
    }),
  ),
);

export function fieldsOf({ sources }: GpuVendor): readonly string[] {
  const named = Object.values(sources).flatMap((each) =>
    each.flatMap(({ of, and }) => [...of, ...(and === undefined ? [] : [and])]),
  );
  return [...new Set(named)];
}

/** Undefined: no figure is made from it. */
export function gpuField(name: string): GpuField | undefined {
  return FIELDS.get(name);
}

/**
 * Whether a label's text names a GPU. "Not applicable" and all zeros, which virtual functions have, would
 * merge many into one.
 */
export function namesGpu(text: string): boolean {
  return text !== '' && text !== 'N/A' && text !== 'NA' && !/^[0-]+$/.test(text);
}

const DCGM_UUIDS = ['UUID'];
const OTHER_UUIDS = ['uuid', 'UUID', 'gpu_uuid'];

/**
 * Which labels name the GPU of a series, to find out whose it is (contract, "GPU passthrough"); of several,
 * the first that names one.
 */
export function uuidLabels(exporter: string, family: string): readonly string[] {
  if (family.startsWith('DCGM_')) return DCGM_UUIDS;
  return exporter === AMD.vendor ? AMD.identity.uuid : OTHER_UUIDS;
}
