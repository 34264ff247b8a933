/** The vendor-neutral figures, by docs/reference/gpu.md: of each GPU the series that are shown of it, put into other words. */
import { type Figures, type Labels } from './figures';

/** A value that is shown, or may be. */
export interface Candidate {
  readonly exporter: string;
  readonly row: number;
  readonly name: string;
  readonly labels: Labels;
  /** The exporter's labels, and the job's or instance's, before they were merged. */
  readonly theirs: Labels;
  readonly ours: Labels;
  readonly value: number;
}

const MIB = 1024 ** 2;

/** What a GPU's exporter says of it; undefined where it does not. */
type Said = (field: string) => number | undefined;

function first(...values: readonly (number | undefined)[]): number | undefined {
  return values.find((value) => value !== undefined);
}

function scaled(value: number | undefined, by: (value: number) => number): number | undefined {
  return value === undefined ? undefined : by(value);
}

function nvidiaMemory(said: Said): number | undefined {
  const [total, used, free] = ['TOTAL', 'USED', 'FREE'].map((of) => said(`DCGM_FI_DEV_FB_${of}`));
  if (total !== undefined) return total * MIB;
  if (used === undefined || free === undefined) return undefined;
  return ((said('DCGM_FI_DEV_FB_RESERVED') ?? 0) + used + free) * MIB;
}

function nvidia(said: Said, slice: string): Record<string, number | undefined> {
  const engine = said('DCGM_FI_PROF_GR_ENGINE_ACTIVE');
  const whole = scaled(said('DCGM_FI_DEV_GPU_UTIL'), (percent) => percent / 100);
  return {
    utilization_ratio: slice === '' ? first(whole, engine) : first(engine, whole),
    memory_used_bytes: scaled(said('DCGM_FI_DEV_FB_USED'), (mib) => mib * MIB),
    memory_total_bytes: nvidiaMemory(said),
    power_watts: said('DCGM_FI_DEV_POWER_USAGE'),
    temperature_celsius: said('DCGM_FI_DEV_GPU_TEMP'),
    energy_joules_total: scaled(said('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'), (mj) => mj / 1000),
    errors_total: first(
      said('DCGM_FI_DEV_ECC_DBE_VOL_TOTAL'),
      said('DCGM_FI_DEV_ECC_DBE_AGG_TOTAL'),
      said('DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS'),
    ),
  };
}

function amd(said: Said): Record<string, number | undefined> {
  const [used, free] = [said('gpu_used_vram'), said('gpu_free_vram')];
  const sum = used === undefined || free === undefined ? undefined : used + free;
  return {
    utilization_ratio: scaled(said('gpu_gfx_activity'), (percent) => percent / 100),
    memory_used_bytes: scaled(used, (mb) => mb * MIB),
    memory_total_bytes: scaled(first(said('gpu_total_vram'), sum), (mb) => mb * MIB),
    power_watts: first(said('gpu_package_power'), said('gpu_average_package_power'), said('gpu_power_usage')),
    temperature_celsius: first(said('gpu_junction_temperature'), said('gpu_edge_temperature')),
    energy_joules_total: scaled(said('gpu_energy_consumed'), (uj) => uj / 1e6),
    errors_total: said('gpu_ecc_uncorrect_total'),
  };
}

const VENDORS = [
  { vendor: 'nvidia', figuresOf: nvidia, uuid: ['UUID'], gpu: 'gpu', slice: 'GPU_I_ID' },
  {
    vendor: 'amd',
    figuresOf: amd,
    uuid: ['gpu_uuid', 'serial_number'],
    gpu: 'gpu_id',
    slice: 'gpu_partition_id',
  },
];

/** @param shown in the order in which the first of a GPU's counts */
export function writeGpus(figures: Figures, shown: readonly Candidate[]): void {
  for (const { vendor, figuresOf, uuid, gpu, slice } of VENDORS) {
    const gpus = new Map<string, { labels: Labels; slice: string; fields: Map<string, number> }>();
    for (const { theirs, ours, name, value } of shown) {
      const label = (of: string): string =>
        theirs.find(([key, text]) => key === of && text !== '')?.[1] ?? '';
      const ids = [uuid.map(label).find((text) => text !== '') ?? '', label(gpu), label(slice)];
      if (ids[0] === '' && ids[1] === '') continue;
      const labels: Labels = [
        ['vendor', vendor],
        ['uuid', ids[0] ?? ''],
        ['gpu', ids[1] ?? ''],
        ['gpu_instance', ids[2] ?? ''],
        ...ours,
      ];
      const key = JSON.stringify(labels);
      const one = gpus.get(key) ?? { labels, slice: ids[2] ?? '', fields: new Map<string, number>() };
      gpus.set(key, one);
      if (!one.fields.has(name)) one.fields.set(name, value);
    }
    for (const { labels, slice: of, fields } of gpus.values()) {
      for (const [figure, value] of Object.entries(figuresOf((field) => fields.get(field), of))) {
        if (value === undefined || !Number.isFinite(value)) continue;
        if (figure.endsWith('_total') && value < 0) continue;
        figures.put(`fleetmeter_gpu_${figure}`, labels, value);
      }
    }
  }
}
