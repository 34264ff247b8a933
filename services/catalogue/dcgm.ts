/**
 * What DCGM's fields mean (NVIDIA DCGM, dcgm_fields.h; types after NVIDIA's dcgm-exporter, etc/*.csv), for
 * pages that don't say: many samples in the field come without HELP and TYPE. The wording is ours.
 */
export interface DcgmField {
  readonly type: 'counter' | 'gauge';
  /** Unit of the value; empty for a count or a code. */
  readonly unit: string;
  readonly about: string;
}

type Entry = readonly [name: string, type: DcgmField['type'], unit: string, about: string];

const UTILIZATION: readonly Entry[] = [
  ['DEV_GPU_UTIL', 'gauge', 'percent', 'Time that a kernel was running on the GPU'],
  ['DEV_MEM_COPY_UTIL', 'gauge', 'percent', 'Time that device memory was being read or written'],
  ['DEV_ENC_UTIL', 'gauge', 'percent', 'Use of the video encoder'],
  ['DEV_DEC_UTIL', 'gauge', 'percent', 'Use of the video decoder'],
];

const MEMORY: readonly Entry[] = [
  ['DEV_FB_TOTAL', 'gauge', 'MiB', 'Device memory'],
  ['DEV_FB_FREE', 'gauge', 'MiB', 'Device memory that is free'],
  ['DEV_FB_USED', 'gauge', 'MiB', 'Device memory in use'],
  ['DEV_FB_RESERVED', 'gauge', 'MiB', 'Device memory that the driver keeps to itself'],
  ['DEV_FB_USED_PERCENT', 'gauge', 'ratio', 'Device memory in use of what is not reserved'],
];

const CLOCKS_AND_HEAT: readonly Entry[] = [
  ['DEV_SM_CLOCK', 'gauge', 'MHz', 'Clock of the streaming multiprocessors'],
  ['DEV_MEM_CLOCK', 'gauge', 'MHz', 'Clock of the device memory'],
  ['DEV_GPU_TEMP', 'gauge', '°C', 'Temperature of the GPU'],
  ['DEV_MEMORY_TEMP', 'gauge', '°C', 'Temperature of the device memory'],
  ['DEV_SLOWDOWN_TEMP', 'gauge', '°C', 'Temperature from which the GPU slows itself down'],
  ['DEV_SHUTDOWN_TEMP', 'gauge', '°C', 'Temperature from which the GPU turns itself off'],
  ['DEV_POWER_USAGE', 'gauge', 'W', 'Power that the board draws'],
  ['DEV_TOTAL_ENERGY_CONSUMPTION', 'counter', 'mJ', 'Energy drawn since the driver was loaded'],
];

const THROTTLING: readonly Entry[] = [
  ['DEV_POWER_VIOLATION', 'counter', 'ns', 'Time slowed down to stay within the power limit'],
  ['DEV_THERMAL_VIOLATION', 'counter', 'ns', 'Time slowed down because of heat'],
  [
    'DEV_SYNC_BOOST_VIOLATION',
    'counter',
    'ns',
    'Time slowed down to keep in step with the other GPUs of its group',
  ],
  ['DEV_BOARD_LIMIT_VIOLATION', 'counter', 'ns', "Time slowed down to stay within the board's limits"],
  ['DEV_LOW_UTIL_VIOLATION', 'counter', 'ns', 'Time slowed down since there was little to do'],
  [
    'DEV_RELIABILITY_VIOLATION',
    'counter',
    'ns',
    "Time slowed down to stay within the chip's reliability limit",
  ],
];

const ERRORS: readonly Entry[] = [
  ['DEV_XID_ERRORS', 'gauge', '', 'Code of the latest XID error, 0 where there was none'],
  ['DEV_PCIE_REPLAY_COUNTER', 'counter', '', 'PCIe packets that were sent again'],
  [
    'DEV_ECC_SBE_VOL_TOTAL',
    'counter',
    '',
    'Corrected (single-bit) memory errors since the driver was loaded',
  ],
  [
    'DEV_ECC_DBE_VOL_TOTAL',
    'counter',
    '',
    'Uncorrected (double-bit) memory errors since the driver was loaded',
  ],
  ['DEV_ECC_SBE_AGG_TOTAL', 'counter', '', "Corrected (single-bit) memory errors over the GPU's life"],
  ['DEV_ECC_DBE_AGG_TOTAL', 'counter', '', "Uncorrected (double-bit) memory errors over the GPU's life"],
  ['DEV_RETIRED_SBE', 'counter', '', 'Memory pages retired after single-bit errors'],
  ['DEV_RETIRED_DBE', 'counter', '', 'Memory pages retired after double-bit errors'],
  ['DEV_RETIRED_PENDING', 'counter', '', 'Memory pages that are to be retired'],
  ['DEV_UNCORRECTABLE_REMAPPED_ROWS', 'counter', '', 'Memory rows remapped after uncorrectable errors'],
  ['DEV_CORRECTABLE_REMAPPED_ROWS', 'counter', '', 'Memory rows remapped after correctable errors'],
  ['DEV_ROW_REMAP_FAILURE', 'gauge', '', 'Whether the remapping of memory rows has failed'],
  ['DEV_VGPU_LICENSE_STATUS', 'gauge', '', 'Whether vGPU is licensed'],
];

/**
 * NVIDIA's maintainers call the bytes of the profiling fields rates (NVIDIA/dcgm-exporter#87), so they are
 * gauges here.
 */
const LINKS: readonly Entry[] = [
  ['DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL', 'counter', '', 'NVLink flow-control CRC errors, all lanes'],
  ['DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL', 'counter', '', 'NVLink data CRC errors, all lanes'],
  ['DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL', 'counter', '', 'NVLink replays, all lanes'],
  ['DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL', 'counter', '', 'NVLink recoveries, all lanes'],
  [
    'DEV_NVLINK_BANDWIDTH_TOTAL',
    'counter',
    '',
    'NVLink data counted by the driver, all lanes; some drivers let it fall',
  ],
  ['DEV_NVLINK_BANDWIDTH_L0', 'counter', '', 'NVLink data counted by the driver, lane 0'],
  ['PROF_PCIE_TX_BYTES', 'gauge', 'bytes a second', 'Data sent over PCIe, headers included'],
  ['PROF_PCIE_RX_BYTES', 'gauge', 'bytes a second', 'Data received over PCIe, headers included'],
  ['PROF_NVLINK_TX_BYTES', 'gauge', 'bytes a second', 'Data sent over NVLink, headers not included'],
  ['PROF_NVLINK_RX_BYTES', 'gauge', 'bytes a second', 'Data received over NVLink, headers not included'],
];

const PROFILING: readonly Entry[] = [
  ['PROF_GR_ENGINE_ACTIVE', 'gauge', 'ratio', 'Time that the graphics or compute engine was active'],
  [
    'PROF_SM_ACTIVE',
    'gauge',
    'ratio',
    'Cycles in which a multiprocessor had at least one warp, all of them averaged',
  ],
  ['PROF_SM_OCCUPANCY', 'gauge', 'ratio', 'Resident warps of as many as a multiprocessor can hold'],
  ['PROF_PIPE_TENSOR_ACTIVE', 'gauge', 'ratio', 'Cycles in which the tensor pipe was active'],
  ['PROF_PIPE_FP64_ACTIVE', 'gauge', 'ratio', 'Cycles in which the FP64 pipe was active'],
  ['PROF_PIPE_FP32_ACTIVE', 'gauge', 'ratio', 'Cycles in which the FP32 pipe was active'],
  ['PROF_PIPE_FP16_ACTIVE', 'gauge', 'ratio', 'Cycles in which the FP16 pipe was active'],
  ['PROF_PIPE_INT_ACTIVE', 'gauge', 'ratio', 'Cycles in which the integer pipe was active'],
  ['PROF_DRAM_ACTIVE', 'gauge', 'ratio', 'Cycles in which device memory was sending or receiving'],
];

/** Counted by dcgm-exporter itself over a window, so they can fall. */
const COUNTED_BY_THE_EXPORTER: readonly Entry[] = [
  ['XID_ERRORS_COUNT', 'gauge', '', 'XID errors within the window of the exporter'],
  ['CLOCK_EVENTS_COUNT', 'gauge', '', 'Clock events within the window of the exporter'],
  ['GPU_HEALTH_STATUS', 'gauge', '', "What DCGM's health check says of the GPU"],
  ['P2P_STATUS', 'gauge', '', 'Whether GPUs reach each other over NVLink'],
];

function named(prefix: string, entries: readonly Entry[]): [string, DcgmField][] {
  return entries.map(([name, type, unit, about]) => [`${prefix}${name}`, { type, unit, about }]);
}

const DCGM_FIELDS: ReadonlyMap<string, DcgmField> = new Map([
  ...[UTILIZATION, MEMORY, CLOCKS_AND_HEAT, THROTTLING, ERRORS, LINKS, PROFILING].flatMap((entries) =>
    named('DCGM_FI_', entries),
  ),
  ...named('DCGM_EXP_', COUNTED_BY_THE_EXPORTER),
]);

/** Undefined: it is not a DCGM field known here. */
export function dcgmField(name: string): DcgmField | undefined {
  return DCGM_FIELDS.get(name);
}

/** What a page's HELP says about it. */
export function helpOf({ about, unit }: DcgmField): string {
  return unit === '' ? about : `${about}, ${unit}`;
}
