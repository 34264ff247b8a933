import type { Gpu, Sensors } from './fleet';
import type { Load } from './load';
import { hash32, noise } from './random';

/** What a GPU's sensors show under a load. */
export interface Reading extends Sensors {
  readonly powerWatts: number;
  readonly gpuRatio: number;
  readonly memoryUsedMib: number;
  readonly memoryTotalMib: number;
  readonly nvlinkBytesPerSecond: number;
}

const COLD = { temperatureCelsius: 31, energyMillijoules: 0, nvlinkBytes: 0, powerLimitedSeconds: 0 };
const SECONDS_TO_WARM = 45;
const FULL_LINK_BYTES_PER_SECOND = 1.2e11;
/** Under this much load the power limit slows a GPU down now and again. */
const LOAD_AT_LIMIT = 0.9;

/**
 * Reads the sensors at a time not before the last reading, and keeps what the next one builds on: heat takes
 * time, and the counters never fall. At the first reading the load is taken to have been there since
 * `upSinceMs`.
 */
export function readSensors(gpu: Gpu, load: Load, upSinceMs: number, atMs: number): Reading {
  const { model } = gpu;
  const before = gpu.sensors ?? { ...COLD, atMs: upSinceMs };
  const seconds = (atMs - before.atMs) / 1000;
  const flicker = 1 + 0.03 * noise(hash32(gpu.uuid), atMs / 7000);
  const powerWatts =
    (model.idleWatts + (model.maxWatts - model.idleWatts) * 0.97 * load.gpuRatio ** 0.8) * flicker;
  const target = COLD.temperatureCelsius + 44 * (powerWatts / model.maxWatts);
  const approach = 1 - Math.exp(-seconds / SECONDS_TO_WARM);
  const nvlinkBytesPerSecond = gpu.linked ? FULL_LINK_BYTES_PER_SECOND * load.gpuRatio : 0;
  const memoryTotalMib = model.memoryGib * 1024;
  gpu.sensors = {
    atMs,
    temperatureCelsius: before.temperatureCelsius + (target - before.temperatureCelsius) * approach,
    energyMillijoules: before.energyMillijoules + powerWatts * seconds * 1000,
    nvlinkBytes: before.nvlinkBytes + nvlinkBytesPerSecond * seconds,
    powerLimitedSeconds: before.powerLimitedSeconds + Math.max(0, load.gpuRatio - LOAD_AT_LIMIT) * seconds,
  };
  return {
    ...gpu.sensors,
    powerWatts,
    gpuRatio: load.gpuRatio,
    memoryUsedMib: Math.min(memoryTotalMib - 600, 4 + memoryTotalMib * load.gpuMemoryRatio),
    memoryTotalMib,
    nvlinkBytesPerSecond,
  };
}
