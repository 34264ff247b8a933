/**
 * The vendor-neutral figures, by docs/reference/gpu.md; whole histories are compared with the oracle
 * elsewhere.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { GPU_FAMILIES, GPU_LABELS } from '../../services/catalogue/gpu';
import { GPU_VENDORS, fieldsOf } from '../../services/catalogue/gpu-vendors';
import type { Format } from '../../services/page/format';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import { readPage } from '../support/page-series';
import { instanceStarted, jobProvisioned, jobSubmitted, tell } from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

function page(target: Record<string, unknown>, series: readonly Row[], format: Format = 'text'): string {
  const told = [
    { ...instanceStarted('i'), atMs: T0 },
    { ...jobSubmitted('j'), atMs: T0 },
    { ...jobProvisioned('j', { id: 'i', gpu_uuids: ['GPU-0'] }), atMs: T0 },
    { type: 'gpu.sampled', atMs: T0 + 1000, data: { ...target, exporter: 'x', families: {}, series } },
  ];
  return pageOf(
    foldLines(
      told.map((each) => encodeEvent(tell(each))),
      DEFAULT_SETTINGS,
    ),
    format,
  );
}

const OF_JOB = { run: { id: 'r' }, job: { id: 'j' } };
const OF_INSTANCE = { instance: { id: 'i' } };

/** What is shown, by figure and GPU, with the job's or instance's labels put short. */
function figures(series: readonly Row[], target: Record<string, unknown> = OF_JOB): Record<string, number> {
  const shown = [...readPage(page(target, series))].filter(([key]) => key.startsWith('fleetmeter_gpu_'));
  return Object.fromEntries(
    shown.map(([key, value]) => [
      key
        .replace('fleetmeter_gpu_', '')
        .replace(/,dstack_project_name.*dstack_job_id="(\w)".*\}/, '} job $1')
        .replace(/,dstack_project_name.*dstack_instance_id="(\w)".*\}/, '} instance $1'),
      value,
    ]),
  );
}

/** Of one NVIDIA GPU, by figure alone. */
function ofGpu(values: Record<string, number>, more: Record<string, string> = {}): Record<string, number> {
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [`DCGM_FI_${name}`, value]));
  const shown = figures([{ labels: { gpu: '0', UUID: 'GPU-0', ...more }, values: named }]);
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key.replace(/\{.*/, ''), value]));
}

test("NVIDIA's, from DCGM: labels in their order, then the job's, units made plain", () => {
  const labels = { gpu: '1', UUID: 'GPU-1', Hostname: 'h', modelName: 'NVIDIA H100' };
  const values = {
    DCGM_FI_DEV_GPU_UTIL: 97,
    DCGM_FI_DEV_FB_USED: 1000,
    DCGM_FI_DEV_FB_FREE: 80_000,
    DCGM_FI_DEV_FB_RESERVED: 500,
    DCGM_FI_DEV_POWER_USAGE: 113.611,
    DCGM_FI_DEV_GPU_TEMP: 30,
    DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: 128_996_013,
    DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: 2,
  };
  const gpu = '{vendor="nvidia",uuid="GPU-1",gpu="1",gpu_instance=""} job j';
  expect(figures([{ labels, values }])).toEqual({
    [`utilization_ratio${gpu}`]: 0.97,
    [`memory_used_bytes${gpu}`]: 1000 * 1_048_576,
    [`memory_total_bytes${gpu}`]: 81_500 * 1_048_576,
    [`power_watts${gpu}`]: 113.611,
    [`temperature_celsius${gpu}`]: 30,
    [`energy_joules_total${gpu}`]: 128_996.013,
    [`errors_total${gpu}`]: 2,
  });
});

test("AMD's, from its device-metrics-exporter", () => {
  const labels = { gpu_id: '3', serial_number: 'SN-3', gpu_partition_id: '0', hostname: 'h' };
  const values = {
    gpu_gfx_activity: 50,
    gpu_used_vram: 183_265,
    gpu_total_vram: 196_592,
    gpu_package_power: 748,
    gpu_junction_temperature: 76,
    gpu_energy_consumed: 1.4e17,
    gpu_ecc_uncorrect_total: 1,
  };
  const gpu = '{vendor="amd",uuid="SN-3",gpu="3",gpu_instance="0"} job j';
  expect(figures([{ labels, values }])).toEqual({
    [`utilization_ratio${gpu}`]: 0.5,
    [`memory_used_bytes${gpu}`]: 183_265 * 1_048_576,
    [`memory_total_bytes${gpu}`]: 196_592 * 1_048_576,
    [`power_watts${gpu}`]: 748,
    [`temperature_celsius${gpu}`]: 76,
    [`energy_joules_total${gpu}`]: 1.4e11,
    [`errors_total${gpu}`]: 1,
  });
  const withUuid = figures([{ labels: { ...labels, gpu_uuid: 'u' }, values: { gpu_power_usage: 5 } }]);
  expect(Object.keys(withUuid)).toEqual([
    'power_watts{vendor="amd",uuid="u",gpu="3",gpu_instance="0"} job j',
  ]);
});

test('slices of a GPU stay apart, each with its own utilization', () => {
  const slice = (id: string, active: number): Row => ({
    labels: { gpu: '0', UUID: 'GPU-0', GPU_I_ID: id, GPU_I_PROFILE: '1g.10gb' },
    values: { DCGM_FI_PROF_GR_ENGINE_ACTIVE: active, DCGM_FI_DEV_GPU_UTIL: 100 },
  });
  expect(figures([slice('7', 0.25), slice('8', 0)])).toEqual({
    'utilization_ratio{vendor="nvidia",uuid="GPU-0",gpu="0",gpu_instance="7"} job j': 0.25,
    'utilization_ratio{vendor="nvidia",uuid="GPU-0",gpu="0",gpu_instance="8"} job j': 0,
  });
});

test.each([
  [
    'DCGM_FI_DEV_GPU_UTIL before the engine',
    { DEV_GPU_UTIL: 50, PROF_GR_ENGINE_ACTIVE: 0.1 },
    { utilization_ratio: 0.5 },
  ],
  [
    'the engine without it',
    { DEV_GPU_UTIL: 4294967295, PROF_GR_ENGINE_ACTIVE: 0.1 },
    { utilization_ratio: 0.1 },
  ],
  ['a total before a sum', { DEV_FB_TOTAL: 2, DEV_FB_FREE: 9 }, { memory_total_bytes: 2 * 1_048_576 }],
  ['no total of a part', { DEV_FB_FREE: 9, DEV_FB_RESERVED: 1 }, {}],
  ['nor of a blank', { DEV_FB_FREE: 9, DEV_FB_USED: 140737488355328 }, {}],
  [
    'errors of the life',
    { DEV_ECC_DBE_AGG_TOTAL: 3, DEV_UNCORRECTABLE_REMAPPED_ROWS: 1 },
    { errors_total: 3 },
  ],
  ['errors as remapped rows', { DEV_UNCORRECTABLE_REMAPPED_ROWS: 1 }, { errors_total: 1 }],
  ['no counter below 0', { DEV_TOTAL_ENERGY_CONSUMPTION: -1, DEV_GPU_TEMP: -1 }, { temperature_celsius: -1 }],
])('%s', (_, values, shown) => {
  expect(ofGpu(values)).toEqual(shown);
});

test('a figure is made of several rows of a GPU; of two that say the same the first holds', () => {
  const labels = { gpu: '0', UUID: 'GPU-0' };
  const rows = [
    { labels: { ...labels, pod: 'a' }, values: { DCGM_FI_DEV_FB_USED: 1, DCGM_FI_DEV_GPU_TEMP: 30 } },
    { labels: { ...labels, pod: 'b' }, values: { DCGM_FI_DEV_FB_FREE: 2, DCGM_FI_DEV_GPU_TEMP: 31 } },
  ];
  expect(Object.entries(figures(rows)).map(([key, value]) => [key.replace(/\{.*/, ''), value])).toEqual([
    ['memory_used_bytes', 1_048_576],
    ['memory_total_bytes', 3 * 1_048_576],
    ['temperature_celsius', 30],
  ]);
});

test('without a UUID and a number it is not known which GPU it is', () => {
  expect(figures([{ labels: { UUID: '', Hostname: 'h' }, values: { DCGM_FI_DEV_GPU_TEMP: 30 } }])).toEqual(
    {},
  );
});

test("an instance's: the job's where that has the GPU, else the instance's", () => {
  const row = (uuid: string): Row => ({ labels: { UUID: uuid }, values: { DCGM_FI_DEV_GPU_TEMP: 30 } });
  expect(Object.keys(figures([row('GPU-0'), row('GPU-1')], OF_INSTANCE))).toEqual([
    'temperature_celsius{vendor="nvidia",uuid="GPU-0",gpu="",gpu_instance=""} job j',
    'temperature_celsius{vendor="nvidia",uuid="GPU-1",gpu="",gpu_instance=""} instance i',
  ]);
});

test('in OpenMetrics the counters are counters', () => {
  const row = { labels: { UUID: 'GPU-0' }, values: { DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: 5000 } };
  const text = page(OF_JOB, [row], 'openmetrics');
  expect(text).toContain(
    '# TYPE fleetmeter_gpu_energy_joules counter\nfleetmeter_gpu_energy_joules_total{vendor=',
  );
});

const INTEL = { dev_file: 'card1', pci_bdf: '0000:4d:00.0', uuid: '01000000-0000-0000-0000-0000004d0000' };

test("Intel's, from XPU Manager: tiles as slices, of a family's rows those of the GPU itself", () => {
  const rows: Row[] = [
    { labels: INTEL, values: { xpum_engine_ratio: 0.5, xpum_power_watts: 150, xpum_memory_used_bytes: 5e9 } },
    { labels: { ...INTEL, location: 'mem' }, values: { xpum_temperature_celsius: 70 } },
    { labels: { ...INTEL, location: 'gpu' }, values: { xpum_temperature_celsius: 60 } },
    { labels: { ...INTEL, type: 'correctable' }, values: { xpum_cache_errors_total: 9 } },
    { labels: { ...INTEL, type: 'uncorrectable' }, values: { xpum_cache_errors_total: 1 } },
    { labels: { ...INTEL, sub_dev: '0' }, values: { xpum_engine_ratio: 0.25, xpum_energy_joules_total: 7 } },
    // Of a card of several GPUs: which of them is not said.
    { labels: { card: '2147483649' }, values: { xpum_power_watts: 300 } },
  ];
  const gpu = `{vendor="intel",uuid="${INTEL.uuid}",gpu="card1",gpu_instance=""} job j`;
  const tile = gpu.replace('gpu_instance=""', 'gpu_instance="0"');
  expect(figures(rows)).toEqual({
    [`utilization_ratio${gpu}`]: 0.5,
    [`utilization_ratio${tile}`]: 0.25,
    [`memory_used_bytes${gpu}`]: 5e9,
    [`power_watts${gpu}`]: 150,
    [`temperature_celsius${gpu}`]: 60,
    [`energy_joules_total${tile}`]: 7,
    [`errors_total${gpu}`]: 1,
  });
});

test("NVIDIA's, from nvidia_gpu_exporter, whose units are plain", () => {
  const values = {
    nvidia_smi_utilization_gpu_ratio: 0.42,
    nvidia_smi_memory_used_bytes: 7e8,
    nvidia_smi_memory_total_bytes: 8e9,
    nvidia_smi_power_draw_watts: 28.07,
    nvidia_smi_temperature_gpu: 34,
    nvidia_smi_energy_joules_total: 5,
    nvidia_smi_ecc_errors_uncorrected_volatile_total: 0,
  };
  const shown = figures([
    { labels: { uuid: 'df6e7a7c' }, values },
    {
      labels: { uuid: 'df6e7a7c', gpu_instance_id: '3' },
      values: { nvidia_smi_mig_graphics_activity_ratio: 0.9 },
    },
  ]);
  const gpu = '{vendor="nvidia",uuid="df6e7a7c",gpu="",gpu_instance=""} job j';
  expect(shown).toEqual({
    [`utilization_ratio${gpu}`]: 0.42,
    [`utilization_ratio${gpu.replace('gpu_instance=""', 'gpu_instance="3"')}`]: 0.9,
    [`memory_used_bytes${gpu}`]: 7e8,
    [`memory_total_bytes${gpu}`]: 8e9,
    [`power_watts${gpu}`]: 28.07,
    [`temperature_celsius${gpu}`]: 34,
    [`energy_joules_total${gpu}`]: 5,
    [`errors_total${gpu}`]: 0,
  });
});

test("AMD's virtual functions, as its Debian package writes them: amd_ before the names, a UUID of zeros", () => {
  const labels = (id: string) => ({
    gpu_id: id,
    gpu_uuid: '00000000-0000-0000-0000-000000000000',
    gpu_partition_id: 'NA',
    serial_number: '',
  });
  const rows = ['0', '1'].map((id) => ({ labels: labels(id), values: { amd_gpu_gfx_activity: 83 } }));
  expect(figures(rows, OF_INSTANCE)).toEqual({
    'utilization_ratio{vendor="amd",uuid="",gpu="0",gpu_instance=""} instance i': 0.83,
    'utilization_ratio{vendor="amd",uuid="",gpu="1",gpu_instance=""} instance i': 0.83,
  });
});

test.each([
  ['a package power of 0 beside an average', { gpu_package_power: 0, gpu_average_package_power: 245 }, 245],
  ['beside the usage', { gpu_package_power: 0, gpu_average_package_power: 0, gpu_power_usage: 90 }, 90],
  ['0 with nothing beside it', { gpu_package_power: 0, gpu_power_usage: 0 }, 0],
  ['"not applicable" of 16 bits', { gpu_package_power: 65_535, gpu_power_usage: 90 }, 90],
  ['what no GPU draws', { gpu_package_power: 100_001, gpu_power_usage: 90 }, 90],
])("AMD's power: %s", (_, values, watts) => {
  expect(Object.values(figures([{ labels: { gpu_id: '0' }, values }]))).toEqual([watts]);
});

test.each([
  ['DEV_GPU_UTIL', 1987, 100],
  ['DEV_GPU_TEMP', 151, 150],
  ['DEV_GPU_TEMP', -51, -50],
  ['DEV_POWER_USAGE', 100_001, 100_000],
  ['DEV_FB_USED', 1e13 / 1_048_576 + 1, 9_000_000],
])('%s of %d is no figure, of %d one', (field, outside, inside) => {
  expect(ofGpu({ [field]: outside })).toEqual({});
  expect(Object.keys(ofGpu({ [field]: inside }))).toHaveLength(1);
});

test('where one source is impossible the next one holds', () => {
  expect(ofGpu({ DEV_GPU_UTIL: 200_000, PROF_GR_ENGINE_ACTIVE: 0.4 })).toEqual({ utilization_ratio: 0.4 });
});

test('docs/reference/gpu.md lists them as they are', () => {
  const doc = readFileSync(join(__dirname, '../../docs/reference/gpu.md'), 'utf8');
  for (const { name, type, help, range } of GPU_FAMILIES) {
    const possible = range.map((end) => (end === Infinity ? '' : end.toLocaleString('en-US'))).join(' to ');
    expect(doc).toContain(`| \`${name}\` | ${type} | ${help} | ${possible.trim()} |`);
  }
  const fields = GPU_VENDORS.flatMap(fieldsOf);
  expect(fields.filter((name) => !doc.includes(`\`${name}\``))).toEqual([]);
  expect(doc).toContain(GPU_LABELS.map((label) => `\`${label}\``).join(', '));
});
