/**
 * The vendor-neutral figures, by docs/reference/gpu.md: of each GPU the series that are shown of it, put into
 * other words.
 */
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

/** What a GPU can give; what it can't is not there. */
const POSSIBLE: Readonly<Record<string, readonly [number, number]>> = {
  utilization: [0, 1],
  memory: [0, 1e13],
  power: [0, 100_000],
  temperature: [-50, 150],
  energy: [0, Number.MAX_VALUE],
  errors: [0, Number.MAX_VALUE],
};

function possible(kind: string, value: number | undefined): number | undefined {
  const [least, most] = POSSIBLE[kind] ?? [0, 0];
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

/** What a GPU's exporter says of it; undefined if it does not. */
type Said = (field: string) => number | undefined;

function first(...values: readonly (number | undefined)[]): number | undefined {
  return values.find((value) => value !== undefined);
}

function scaled(value: number | undefined, by: (value: number) => number): number | undefined {
  return value === undefined ? undefined : by(value);
}

function nvidiaMemory(said: Said): number | undefined {
  const [total, used, free] = ['TOTAL', 'USED', 'FREE'].map((of) => said(`DCGM_FI_DEV_FB_${of}`));
  const sum =
    used === undefined || free === undefined
      ? undefined
      : used + free + (said('DCGM_FI_DEV_FB_RESERVED') ?? 0);
  return [scaled(total, (mib) => mib * MIB), scaled(sum, (mib) => mib * MIB)]
    .concat(said('nvidia_smi_mig_memory_total_bytes'), said('nvidia_smi_memory_total_bytes'))
    .find((bytes) => possible('memory', bytes) !== undefined);
}

function nvidia(said: Said, slice: string): Record<string, number | undefined> {
  const engine = said('DCGM_FI_PROF_GR_ENGINE_ACTIVE');
  const whole = scaled(said('DCGM_FI_DEV_GPU_UTIL'), (percent) => percent / 100);
  const ofSmi = ['mig_graphics_activity', 'utilization_gpu'].map((of) => said(`nvidia_smi_${of}_ratio`));
  const ofDcgm = slice === '' ? [whole, engine] : [engine, whole];
  const sane = (kind: string, ...values: (number | undefined)[]): number | undefined =>
    values.find((value) => possible(kind, value) !== undefined);
  return {
    utilization_ratio: sane('utilization', ...ofDcgm, ...ofSmi),
    memory_used_bytes: sane(
      'memory',
      scaled(said('DCGM_FI_DEV_FB_USED'), (mib) => mib * MIB),
      said('nvidia_smi_mig_memory_used_bytes'),
      said('nvidia_smi_memory_used_bytes'),
    ),
    memory_total_bytes: nvidiaMemory(said),
    power_watts: sane(
      'power',
      said('DCGM_FI_DEV_POWER_USAGE'),
      ...['', '_average', '_instant'].map((of) => said(`nvidia_smi_power_draw${of}_watts`)),
    ),
    temperature_celsius: sane(
      'temperature',
      said('DCGM_FI_DEV_GPU_TEMP'),
      said('nvidia_smi_temperature_gpu'),
    ),
    energy_joules_total: sane(
      'energy',
      scaled(said('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'), (mj) => mj / 1000),
      said('nvidia_smi_energy_joules_total'),
    ),
    errors_total: sane(
      'errors',
      ...['ECC_DBE_VOL_TOTAL', 'ECC_DBE_AGG_TOTAL', 'UNCORRECTABLE_REMAPPED_ROWS'].map((of) =>
        said(`DCGM_FI_DEV_${of}`),
      ),
      ...['volatile', 'aggregate'].map((of) => said(`nvidia_smi_ecc_errors_uncorrected_${of}_total`)),
    ),
  };
}

function amd(said: Said): Record<string, number | undefined> {
  const [used, free] = [said('gpu_used_vram'), said('gpu_free_vram')];
  const sum = used === undefined || free === undefined ? undefined : used + free;
  return {
    utilization_ratio: scaled(said('gpu_gfx_activity'), (percent) => percent / 100),
    memory_used_bytes: scaled(used, (mb) => mb * MIB),
    memory_total_bytes: first(
      possible(
        'memory',
        scaled(said('gpu_total_vram'), (mb) => mb * MIB),
      ),
      scaled(sum, (mb) => mb * MIB),
    ),
    power_watts: amdPower(said),
    temperature_celsius: first(
      possible('temperature', said('gpu_junction_temperature')),
      said('gpu_edge_temperature'),
    ),
    energy_joules_total: scaled(notApplicable(said('gpu_energy_consumed'), COUNT_NA), (uj) => uj / 1e6),
    errors_total: notApplicable(said('gpu_ecc_uncorrect_total'), COUNT_NA),
  };
}

const COUNT_NA = [0xffffffff, 2 ** 64];

function notApplicable(value: number | undefined, blanks: readonly number[]): number | undefined {
  return value !== undefined && blanks.includes(value) ? undefined : value;
}

/** A sensor that a GPU doesn't have reads 0 W. */
function amdPower(said: Said): number | undefined {
  const watts = ['gpu_package_power', 'gpu_average_package_power', 'gpu_power_usage']
    .map((field) => possible('power', notApplicable(said(field), [0xffff, 0x7fffffff, 0xffffffff])))
    .filter((value) => value !== undefined);
  return watts.find((value) => value > 0) ?? watts[0];
}

function intel(said: Said): Record<string, number | undefined> {
  return {
    utilization_ratio: said('xpum_engine_ratio'),
    memory_used_bytes: said('xpum_memory_used_bytes'),
    power_watts: said('xpum_power_watts'),
    temperature_celsius: said('xpum_temperature_celsius'),
    energy_joules_total: said('xpum_energy_joules_total'),
    errors_total: said('xpum_cache_errors_total'),
  };
}

const VENDORS = [
  {
    vendor: 'nvidia',
    figuresOf: nvidia,
    uuid: ['UUID', 'uuid'],
    gpu: 'gpu',
    slice: ['GPU_I_ID', 'gpu_instance_id'],
  },
  {
    vendor: 'amd',
    figuresOf: amd,
    uuid: ['gpu_uuid', 'serial_number'],
    gpu: 'gpu_id',
    slice: ['gpu_partition_id'],
  },
  { vendor: 'intel', figuresOf: intel, uuid: ['uuid'], gpu: 'dev_file', slice: ['sub_dev'] },
];

/** Of which vendor's exporter a name is, and as its list has it. */
function fieldOf(vendor: string, name: string): string {
  return vendor === 'amd' ? name.replace(/^amd_gpu_/, 'gpu_') : name;
}

/** Rows of a family that are of another part of the GPU, or of errors that were corrected. */
function isOfAnother(name: string, label: (of: string) => string | undefined): boolean {
  if (name === 'xpum_temperature_celsius') return (label('location') ?? 'gpu') !== 'gpu';
  if (name === 'xpum_cache_errors_total') return (label('type') ?? 'uncorrectable') !== 'uncorrectable';
  return false;
}

/** @param shown in the order in which the first of a GPU's counts */
export function writeGpus(figures: Figures, shown: readonly Candidate[]): void {
  for (const { vendor, figuresOf, uuid, gpu, slice } of VENDORS) {
    const gpus = new Map<string, { labels: Labels; slice: string; fields: Map<string, number> }>();
    for (const { theirs, ours, name, value } of shown) {
      const label = (of: string): string | undefined => theirs.find(([key]) => key === of)?.[1];
      if (isOfAnother(name, label)) continue;
      const id = uuid.map(label).find((text) => namesOne(text)) ?? '';
      const index = [gpu].map(label).find((text) => text === '0' || namesOne(text)) ?? '';
      const part = slice.map(label).find((text) => text === '0' || namesOne(text)) ?? '';
      if (id === '' && index === '') continue;
      const labels: Labels = [
        ['vendor', vendor],
        ['uuid', id],
        ['gpu', index],
        ['gpu_instance', part],
        ...ours,
      ];
      const key = JSON.stringify(labels);
      const one = gpus.get(key) ?? { labels, slice: part, fields: new Map<string, number>() };
      gpus.set(key, one);
      const field = fieldOf(vendor, name);
      if (!one.fields.has(field)) one.fields.set(field, value);
    }
    for (const { labels, slice: of, fields } of gpus.values()) {
      for (const [figure, value] of Object.entries(figuresOf((field) => fields.get(field), of))) {
        const kind = Object.keys(POSSIBLE).find((each) => figure.startsWith(each)) ?? '';
        const sane = possible(kind, value);
        if (sane !== undefined) figures.put(`fleetmeter_gpu_${figure}`, labels, sane);
      }
    }
  }
}

/** Whether a text names a GPU at all: not "not available", nor nothing but zeros. */
export function namesOne(text: string | undefined): text is string {
  return text !== undefined && !['', 'N/A', 'NA'].includes(text) && text.replace(/[0-]/g, '') !== '';
}
