import type { GpuSampled } from '../../events/sample';
import type { Gpu } from './fleet';
import type { GpuModel } from './offers';
import { hash32 } from './random';
import type { Reading } from './sensors';

type Row = GpuSampled['series'][number];

/** What a vendor's exporter says about a GPU. */
export interface Exporter {
  readonly name: string;
  readonly families: GpuSampled['families'];
  row(gpu: Gpu, hostname: string, reading: Reading): Row;
}

const gauge = (help: string) => ({ type: 'gauge', help });
const counter = (help: string) => ({ type: 'counter', help });
const ratio = (value: number): number => Math.round(value * 1e6) / 1e6;

/**
 * NVIDIA's dcgm-exporter: some of the fields that dstack collects, with its types and help texts. NVLink's
 * rates are gauges, as NVIDIA's maintainers have them: dstack types them as counters, and they fall.
 */
const DCGM: Exporter = {
  name: 'dcgm',
  families: {
    DCGM_FI_DEV_SM_CLOCK: gauge('SM clock frequency (in MHz).'),
    DCGM_FI_DEV_MEM_CLOCK: gauge('Memory clock frequency (in MHz).'),
    DCGM_FI_DEV_MEMORY_TEMP: gauge('Memory temperature (in C).'),
    DCGM_FI_DEV_GPU_TEMP: gauge('GPU temperature (in C).'),
    DCGM_FI_DEV_POWER_USAGE: gauge('Power draw (in W).'),
    DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: counter('Total energy consumption since boot (in mJ).'),
    DCGM_FI_DEV_PCIE_REPLAY_COUNTER: counter('Total number of PCIe retries.'),
    DCGM_FI_DEV_GPU_UTIL: gauge('GPU utilization (in %).'),
    DCGM_FI_DEV_MEM_COPY_UTIL: gauge('Memory utilization (in %).'),
    DCGM_FI_DEV_XID_ERRORS: gauge('Value of the last XID error encountered.'),
    DCGM_FI_DEV_FB_FREE: gauge('Framebuffer memory free (in MiB).'),
    DCGM_FI_DEV_FB_USED: gauge('Framebuffer memory used (in MiB).'),
    DCGM_FI_DEV_POWER_VIOLATION: counter('Throttling duration due to power constraints (in ns).'),
    DCGM_FI_DEV_THERMAL_VIOLATION: counter('Throttling duration due to thermal constraints (in ns).'),
    DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: counter('Total number of single-bit volatile ECC errors.'),
    DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: counter('Total number of double-bit volatile ECC errors.'),
    DCGM_FI_DEV_ROW_REMAP_FAILURE: gauge('Whether remapping of rows has failed.'),
    DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL: counter('Total number of NVLink data CRC errors.'),
    DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL: counter('Total number of NVLink retries.'),
    DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL: counter('Total number of NVLink bandwidth counters for all lanes.'),
    DCGM_FI_PROF_NVLINK_TX_BYTES: gauge(
      'The rate of data sent over NVLink, not including headers (in bytes per second).',
    ),
    DCGM_FI_PROF_NVLINK_RX_BYTES: gauge(
      'The rate of data received over NVLink, not including headers (in bytes per second).',
    ),
    DCGM_FI_PROF_GR_ENGINE_ACTIVE: gauge(
      'The ratio of cycles during which a graphics engine or compute engine remains active.',
    ),
    DCGM_FI_PROF_SM_ACTIVE: gauge('The ratio of cycles an SM has at least 1 warp assigned.'),
    DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: gauge('Ratio of cycles the tensor (HMMA) pipe is active.'),
    DCGM_FI_PROF_DRAM_ACTIVE: gauge(
      'Ratio of cycles the device memory interface is active sending or receiving data.',
    ),
  },
  row: (gpu, hostname, reading) => ({
    labels: {
      gpu: String(gpu.index),
      UUID: gpu.uuid,
      pci_bus_id: `00000000:${(0x1b + gpu.index * 0x11).toString(16).toUpperCase()}:00.0`,
      device: `nvidia${gpu.index}`,
      modelName: gpu.model.modelName,
      Hostname: hostname,
      DCGM_FI_DRIVER_VERSION: '580.105.08',
    },
    values: dcgmValues(gpu, reading),
  }),
};

function dcgmValues({ uuid, model, linked }: Gpu, reading: Reading): Row['values'] {
  const { gpuRatio } = reading;
  const busy = gpuRatio > 0.005;
  const used = Math.round(reading.memoryUsedMib);
  return {
    DCGM_FI_DEV_SM_CLOCK: busy ? Math.round(model.smClockMhz * (1 - 0.07 * gpuRatio)) : 345,
    DCGM_FI_DEV_MEM_CLOCK: busy || model.hbm ? model.memoryClockMhz : 405,
    ...(model.hbm && { DCGM_FI_DEV_MEMORY_TEMP: Math.round(reading.temperatureCelsius * 1.12) }),
    DCGM_FI_DEV_GPU_TEMP: Math.round(reading.temperatureCelsius),
    DCGM_FI_DEV_POWER_USAGE: Math.round(reading.powerWatts * 1000) / 1000,
    DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: Math.floor(reading.energyMillijoules),
    DCGM_FI_DEV_PCIE_REPLAY_COUNTER: hash32(uuid) % 23 === 0 ? 3 : 0,
    DCGM_FI_DEV_GPU_UTIL: Math.round(gpuRatio * 100),
    DCGM_FI_DEV_MEM_COPY_UTIL: Math.round(gpuRatio * 61),
    DCGM_FI_DEV_XID_ERRORS: 0,
    // Some of the memory is neither free nor used but reserved by the driver.
    DCGM_FI_DEV_FB_FREE: Math.round(reading.memoryTotalMib - used - 500),
    DCGM_FI_DEV_FB_USED: used,
    DCGM_FI_DEV_POWER_VIOLATION: Math.floor(reading.powerLimitedSeconds * 1e9),
    DCGM_FI_DEV_THERMAL_VIOLATION: 0,
    DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: hash32(uuid) % 29 === 0 ? 2 : 0,
    DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: 0,
    DCGM_FI_DEV_ROW_REMAP_FAILURE: 0,
    ...(linked && linkValues(reading)),
    DCGM_FI_PROF_GR_ENGINE_ACTIVE: ratio(gpuRatio * 0.99),
    DCGM_FI_PROF_SM_ACTIVE: ratio(gpuRatio * 0.84),
    DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: ratio(gpuRatio ** 1.5 * 0.46),
    DCGM_FI_PROF_DRAM_ACTIVE: ratio(gpuRatio * 0.52),
  };
}

function linkValues({ nvlinkBytes, nvlinkBytesPerSecond }: Reading): Row['values'] {
  return {
    DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL: 0,
    DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL: 0,
    DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL: Math.floor(nvlinkBytes / 1000),
    DCGM_FI_PROF_NVLINK_TX_BYTES: Math.floor(nvlinkBytesPerSecond / 2),
    DCGM_FI_PROF_NVLINK_RX_BYTES: Math.floor(nvlinkBytesPerSecond / 2),
  };
}

/** AMD's device-metrics-exporter. */
const AMD: Exporter = {
  name: 'amd',
  families: {
    gpu_gfx_activity: gauge('Graphics engine usage in Percentage (0-100)'),
    gpu_umc_activity: gauge('Memory engine usage in Percentage (0-100)'),
    gpu_used_vram: gauge('Used VRAM memory of the GPU (in MB)'),
    gpu_total_vram: gauge('Total VRAM memory of the GPU (in MB)'),
    gpu_package_power: gauge('Current socket power in Watts'),
    gpu_junction_temperature: gauge('Junction/hotspot temperature in Celsius'),
  },
  row: (gpu, hostname, reading) => ({
    labels: { gpu_id: String(gpu.index), gpu_uuid: gpu.uuid, card_model: gpu.model.modelName, hostname },
    values: {
      gpu_gfx_activity: Math.round(reading.gpuRatio * 100),
      gpu_umc_activity: Math.round(reading.gpuRatio * 48),
      gpu_used_vram: Math.round(reading.memoryUsedMib),
      gpu_total_vram: reading.memoryTotalMib,
      gpu_package_power: Math.round(reading.powerWatts),
      gpu_junction_temperature: Math.round(reading.temperatureCelsius),
    },
  }),
};

export function exporterOf(model: GpuModel): Exporter {
  return model.vendor === 'nvidia' ? DCGM : AMD;
}
