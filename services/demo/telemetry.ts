import type { Gpu, Instance, Place } from './fleet';
import { exporterOf } from './exporters';
import { IDLE } from './load';
import type { Load } from './load';
import type { Job } from './job';
import { resourcesOf } from './instance';
import { hash32 } from './random';
import { readSensors } from './sensors';
import type { World } from './world';

const LEAST_INTERVAL_MS = 10_000;
const MOST_INTERVAL_MS = 15_000;

/** Up to this many jobs are sampled as often as exporters usually do. */
const JOBS_AT_PACE = 2500;

/** By how many times a larger fleet is sampled more slowly, so that one machine can play and fold it. */
export function samplingStretch(jobs: number): number {
  return Math.max(1, jobs / JOBS_AT_PACE);
}

export interface Telemetry {
  readonly watchJob: (job: Job) => void;
  readonly watchInstance: (instance: Instance) => void;
}

/**
 * Samples of what runs, from `fromMs` on, every 10 to 15 s of event time (see samplingStretch() for a large
 * fleet). It draws nothing from the world's random numbers: the fleet lives the same life whether it is
 * watched or not.
 */
export function openTelemetry(world: World, fromMs: number, jobs: number): Telemetry {
  const pace: Pace = { world, fromMs, stretch: samplingStretch(jobs) };
  return {
    watchJob: (job) => watchJob(pace, job),
    watchInstance: (instance) => watchInstance(pace, instance),
  };
}

/** When samples are taken. */
interface Pace {
  readonly world: World;
  readonly fromMs: number;
  readonly stretch: number;
}

/** Samples regularly, until `sample` returns that there is nothing left to watch. */
function repeat({ world, fromMs, stretch }: Pace, id: string, sample: () => boolean): void {
  const interval = stretch * (LEAST_INTERVAL_MS + (hash32(id) % (MOST_INTERVAL_MS - LEAST_INTERVAL_MS)));
  const tick = (): void => {
    if (sample()) world.afterWall(interval, tick);
  };
  world.afterWall(Math.max(0, fromMs - world.nowMs()) + (hash32(`${id}/phase`) % interval), tick);
}

function watchJob(pace: Pace, job: Job): void {
  const { world } = pace;
  const { place } = job;
  if (place === null) return;
  const { instance, gpus } = place;
  const use = { cpuSeconds: 0, countedToMs: world.nowMs() };
  repeat(pace, job.id, () => {
    if (job.phase !== 'running') return false;
    emitUse(world, job, place, use);
    if (instance.fleet.plan.sampled === 'by job')
      emitGpus(world, instance, gpus, { run: { id: job.run.id }, job: { id: job.id } });
    return true;
  });
}

/** What a job's counter of CPU time shows, and as of when. */
interface CpuUse {
  cpuSeconds: number;
  countedToMs: number;
}

function emitUse(world: World, job: Job, place: Place, use: CpuUse): void {
  const { cpus, memory_bytes: memoryBytes } = resourcesOf(place.instance.offer, shareOf(place));
  const { cpuRatio, memoryRatio } = job.totalLoad();
  use.cpuSeconds += ((world.nowMs() - use.countedToMs) / 1000) * cpus * cpuRatio;
  use.countedToMs = world.nowMs();
  const used = Math.round(memoryBytes * memoryRatio);
  world.emit(job.run.project.source, {
    type: 'fleetmeter.job.sampled.v1',
    data: {
      run: { id: job.run.id },
      job: { id: job.id },
      cpu_time_seconds: Math.round(use.cpuSeconds * 1000) / 1000,
      memory_usage_bytes: used,
      memory_working_set_bytes: Math.round(used * 0.83),
      gpus: place.gpus.map((gpu) => gpuUseOf(job.load(gpu), gpu)),
    },
  });
}

function gpuUseOf({ gpuRatio, gpuMemoryRatio }: Load, { model }: Gpu) {
  return {
    usage_ratio: Math.round(gpuRatio * 100) / 100,
    memory_usage_bytes: Math.round(model.memoryGib * 1024 ** 3 * gpuMemoryRatio),
  };
}

function emitGpus(
  world: World,
  instance: Instance,
  gpus: readonly Gpu[],
  whose: { run: { id: string }; job: { id: string } } | { instance: { id: string } },
): void {
  const { gpu: model } = instance.offer;
  if (model === null) return;
  const exporter = exporterOf(model);
  const series = gpus.map((gpu) => {
    const load = gpu.place?.tenant.load(gpu) ?? IDLE;
    return exporter.row(gpu, instance.hostname, readSensors(gpu, load, instance.startedMs, world.nowMs()));
  });
  world.emit(instance.fleet.project.source, {
    type: 'fleetmeter.gpu.sampled.v1',
    data: { ...whose, exporter: exporter.name, families: exporter.families, series },
  });
}

function watchInstance(pace: Pace, instance: Instance): void {
  if (instance.gpus.length === 0) return;
  let shown = 0;
  repeat(pace, instance.id, () => {
    if (instance.phase !== 'up') return false;
    const all = instance.fleet.plan.sampled === 'by instance';
    const gpus = instance.gpus.filter(({ place }) => all || place === null);
    // Once all of them belong to jobs, a sample without any replaces the last one, which would otherwise be
    // shown until it is old.
    if (gpus.length > 0 || shown > 0) emitGpus(pace.world, instance, gpus, { instance: { id: instance.id } });
    shown = gpus.length;
    return true;
  });
}

function shareOf({ instance, gpus }: Place): number {
  return instance.totalBlocks === 1 ? 1 : gpus.length / instance.totalBlocks;
}
