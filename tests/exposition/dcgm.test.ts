import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { seriesOf } from '../../services/exposition/series';
import { read } from './support';

/** Shapes met in the field, made small. */
const README_SHAPE = `# TYPE DCGM_FI_DEV_MEM_CLOCK gauge
# HELP DCGM_FI_DEV_MEMORY_TEMP Memory temperature (in C).
# TYPE DCGM_FI_DEV_MEMORY_TEMP gauge
DCGM_FI_DEV_SM_CLOCK{gpu="0", UUID="GPU-6"} 139
DCGM_FI_DEV_MEM_CLOCK{gpu="0", UUID="GPU-6"} 405
DCGM_FI_DEV_MEMORY_TEMP{gpu="0", UUID="GPU-6"} 9223372036854775794
### Quickstart on Kubernetes
`;
const EMPTY_HELP_SHAPE = `# HELP DCGM_FI_DEV_SLOWDOWN_TEMP
# TYPE DCGM_FI_DEV_SLOWDOWN_TEMP gauge
DCGM_FI_DEV_SLOWDOWN_TEMP{gpu="0",UUID="GPU-9",Hostname="5",DCGM_FI_DEV_NAME="Tesla T4"} 93
`;
const OTHER_NAME_SHAPE = `# HELP DCGM_EXP_XID_ERRORS_COUNT Count of XID Errors within user-specified time window (see xid-count-window-size param).
# TYPE DCGM_EXP_XID_ERRORS_COUNT gauge
DCGM_FI_DEV_XID_ERRORS_ACTIVE{gpu="0",UUID="GPU-b",window_size_in_ms="300000",xid="42"} 1
`;
const MIG_SHAPE = `DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-5",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7",pod="text",pod_uid=""} 0.000000
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-5",GPU_I_PROFILE="1g.10gb",GPU_I_ID="8"} 0.250000
`;

test('a blank after a comma, families without HELP or TYPE, a line of markdown: the values pass as they are', () => {
  const page = read(README_SHAPE);
  expect(page.badLines).toEqual([]);
  const { families, series } = seriesOf(page);
  expect(series).toEqual([
    {
      labels: { gpu: '0', UUID: 'GPU-6' },
      values: {
        DCGM_FI_DEV_SM_CLOCK: 139,
        DCGM_FI_DEV_MEM_CLOCK: 405,
        DCGM_FI_DEV_MEMORY_TEMP: 2 ** 63,
      },
    },
  ]);
  expect(families).toEqual({
    DCGM_FI_DEV_MEM_CLOCK: { type: 'gauge', help: '' },
    DCGM_FI_DEV_MEMORY_TEMP: { type: 'gauge', help: 'Memory temperature (in C).' },
  });
});

test('an empty HELP, and HELP for another name', () => {
  expect(seriesOf(read(EMPTY_HELP_SHAPE)).families).toEqual({
    DCGM_FI_DEV_SLOWDOWN_TEMP: { type: 'gauge', help: '' },
  });
  const other = seriesOf(read(OTHER_NAME_SHAPE));
  expect(other.families).toEqual({});
  expect(other.series[0]?.values).toEqual({ DCGM_FI_DEV_XID_ERRORS_ACTIVE: 1 });
});

test('MIG slices of one GPU are rows of their own', () => {
  expect(seriesOf(read(MIG_SHAPE)).series.map(({ labels, values }) => [labels['GPU_I_ID'], values])).toEqual([
    ['7', { DCGM_FI_PROF_GR_ENGINE_ACTIVE: 0 }],
    ['8', { DCGM_FI_PROF_GR_ENGINE_ACTIVE: 0.25 }],
  ]);
});

const collected = join(__dirname, '../../../shared/dcgm-samples');
const files = existsSync(collected)
  ? readdirSync(collected).filter((name) => /^(?!SOURCES).*\.txt$/.test(name))
  : [];
(files.length > 0 ? test.each(files) : test.skip.each(['collected pages']))(
  'no line of %s is lost',
  (name) => {
    const text = readFileSync(join(collected, name), 'utf8');
    const page = read(text);
    expect(page.badLines).toEqual([]);
    expect(page.samples).toHaveLength(text.split('\n').filter((line) => /^\w/.test(line)).length);
    const { series, refused } = seriesOf(page);
    expect(refused).toEqual([]);
    expect(series.reduce((sum, row) => sum + Object.keys(row.values).length, 0)).toBe(page.samples.length);
  },
);
