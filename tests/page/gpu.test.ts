/** The vendor-neutral figures, by docs/reference/gpu.md; whole histories are compared with the oracle elsewhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEvent } from '../../events/codec';
import { GPU_FAMILIES, GPU_LABELS } from '../../services/catalogue/gpu';
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

test('docs/reference/gpu.md lists them as they are', () => {
  const doc = readFileSync(join(__dirname, '../../docs/reference/gpu.md'), 'utf8');
  for (const { name, type, help } of GPU_FAMILIES)
    expect(doc).toContain(`| \`${name}\` | ${type} | ${help} |`);
  const fields = GPU_FAMILIES.flatMap(({ sources }) =>
    [...sources.nvidia, ...sources.amd].flatMap(({ of, and }) => [
      ...of,
      ...(and === undefined ? [] : [and]),
    ]),
  );
  expect(fields.filter((name) => !doc.includes(`\`${name}\``))).toEqual([]);
  expect(doc).toContain(GPU_LABELS.map((label) => `\`${label}\``).join(', '));
});
