/**
 * GPU passthrough, sentence by sentence of the contract; whole histories are compared with the oracle
 * elsewhere.
 */
import { encodeEvent } from '../../events/codec';
import { type Format } from '../../services/page/format';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';
import {
  GPU,
  RESOURCES,
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  tell,
  type Told,
} from '../support/told';

const T0 = Date.UTC(2026, 10, 24, 8);
const SECOND = 1000;

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number | null>>;
}
type Families = Readonly<Record<string, { readonly type: string; readonly help: string }>>;

/** At so many seconds. */
function at(seconds: number, told: Pick<Told, 'type' | 'data'>): Told {
  return { ...told, atMs: T0 + seconds * SECOND };
}

function sample(target: 'i' | 'j' | 'k', series: readonly Row[], families: Families = {}, exporter = 'dcgm') {
  const of = target === 'i' ? { instance: { id: 'i' } } : { run: { id: 'r' }, job: { id: target } };
  return { type: 'gpu.sampled', data: { ...of, exporter, families, series } };
}

function page(told: readonly Told[], format: Format = 'text'): string {
  return pageOf(
    foldLines(
      told.map((each) => encodeEvent(tell(each))),
      DEFAULT_SETTINGS,
    ),
    format,
  );
}

/** Lines of the families that are not ours, with the labels of a job or instance put short. */
function passed(told: readonly Told[], format: Format = 'text'): string[] {
  return page(told, format)
    .split('\n')
    .filter(
      (line) => !/^(?:# (?:HELP|TYPE) )?(?:dstack|fleetmeter)_/.test(line) && line !== '' && line !== '# EOF',
    )
    .map((line) =>
      line
        .replace(
          /dstack_project_name="p",dstack_user_name.*dstack_job_id="(\w)".*?dstack_gpu="H100"/,
          'job $1',
        )
        .replace(
          /dstack_project_name="p",dstack_fleet_name.*dstack_instance_id="(\w)".*?dstack_gpu=""/,
          'instance $1',
        ),
    );
}

function values(told: readonly Told[]): string[] {
  return passed(told).filter((line) => !line.startsWith('#'));
}

const util = (labels: Record<string, string>, value = 1): Row => ({
  labels,
  values: { DCGM_FI_DEV_GPU_UTIL: value },
});
const instance = at(0, instanceStarted('i'));
const job = (id: string, of: Record<string, unknown> = {}, seconds = 0): Told[] => [
  at(seconds, jobSubmitted(id)),
  at(seconds, jobProvisioned(id, { id: 'i', ...of })),
];
const finished = (id: string, seconds: number): Told =>
  at(seconds, { type: 'job.finished', data: { run: { id: 'r' }, job: { id }, status: 'done' } });

describe('labels', () => {
  test('the exporter’s first, in its order, then the job’s, which win on a clash; no timestamp', () => {
    const row = {
      labels: { gpu: '0', dstack_job_id: 'fake', UUID: 'GPU-0', a: '"\\\n' },
      values: { x: 1.5 },
      timestamp_ms: 7,
    };
    expect(values([...job('j'), at(1, sample('j', [row]))])).toEqual([
      `x{gpu="0",UUID="GPU-0",a="\\"\\\\\\n",job j} 1.5`,
    ]);
  });

  test('the instance’s, for a GPU with no job', () => {
    expect(values([instance, at(1, sample('i', [util({ UUID: 'GPU-0' })]))])).toEqual([
      'DCGM_FI_DEV_GPU_UTIL{UUID="GPU-0",instance i} 1',
    ]);
  });

  test('of series that are alike after the merge, the exporter first by name, then the first row, is shown', () => {
    const told = [
      ...job('j'),
      at(1, sample('j', [util({ a: '1' }, 10)], {}, 'b')),
      at(2, sample('j', [util({ a: '1', b: '' }, 20), util({ a: '1' }, 30), util({ a: '2' }, 40)], {}, 'a')),
    ];
    expect(values(told)).toEqual([
      'DCGM_FI_DEV_GPU_UTIL{a="1",b="",job j} 20',
      'DCGM_FI_DEV_GPU_UTIL{a="2",job j} 40',
    ]);
  });
});

describe('what is left out, the rest being shown', () => {
  test.each([
    ['DCGM_FI_DEV_FB_USED', 2147483631, true],
    ['DCGM_FI_DEV_FB_USED', 2147483632, false],
    ['DCGM_FI_DEV_FB_USED', 2147483635, false],
    ['DCGM_FI_DEV_FB_USED', 2147483635.5, true],
    ['DCGM_FI_DEV_FB_USED', 140737488355327, true],
    ['DCGM_FI_DEV_FB_USED', 140737488355328, false],
    ['DCGM_FI_DEV_FB_USED', 140737488355331, false],
    ['DCGM_FI_DEV_FB_USED', 140737488355332, true],
    ['DCGM_FI_DEV_FB_USED', 9223372036854774784, true],
    ['DCGM_FI_DEV_FB_USED', 9223372036854775808, false],
    ['DCGM_FI_DEV_FB_USED', 1e300, false],
    ['DCGM_FI_DEV_FB_USED', 4294967295, true],
    ['DCGM_FI_DEV_GPU_UTIL', 4294967295, false],
    ['amd_fb', 2147483632, true],
    ['amd_fb', 1e300, true],
    ['amd_fb', null, false],
    ['dstack_job_gpu_count', 1, false],
    ['fleetmeter_x', 1, false],
    ['dstackx', 1, true],
    ['bad-name', 1, false],
    ['9x', 1, false],
    ['', 1, false],
    ['a:b_9', 1, true],
    ['__proto__', 1, true],
  ])('%s of %p is shown: %p', (name, value, shown) => {
    const row = {
      labels: {},
      values: Object.fromEntries([
        [name, value],
        ['kept', 1],
      ]),
    };
    const names = values([...job('j'), at(1, sample('j', [row]))]).map((line) => line.split('{')[0]);
    expect(names.sort()).toEqual((shown ? [name, 'kept'] : ['kept']).sort());
  });

  test.each(['bad-name', '9', '', '__name__', 'é'])('a series with a label named %p', (name) => {
    const rows = [{ labels: Object.fromEntries([[name, 'x']]), values: { x: 1 } }, util({ a: '1' })];
    expect(values([...job('j'), at(1, sample('j', rows))])).toEqual(['DCGM_FI_DEV_GPU_UTIL{a="1",job j} 1']);
  });

  test('histograms and summaries with their parts; not what only looks like a part', () => {
    const families = {
      h: { type: 'histogram', help: '' },
      s: { type: 'SUMMARY', help: '' },
      g: { type: 'gauge', help: '' },
    };
    const all = [
      'h',
      'h_bucket',
      'h_sum',
      'h_count',
      'h_created',
      's',
      's_sum',
      's_count',
      'g',
      'g_sum',
      'x_count',
      'h_total',
    ];
    const row = { labels: {}, values: Object.fromEntries(all.map((name) => [name, 1])) };
    const names = values([...job('j'), at(1, sample('j', [row], families))]).map(
      (line) => line.split('{')[0],
    );
    expect(names).toEqual(['g', 'g_sum', 'h_total', 'x_count']);
  });

  test('X_total where X is on the page too, of whichever job', () => {
    const told = [
      ...job('j'),
      ...job('k'),
      at(1, sample('j', [{ labels: {}, values: { x_total: 1, y_total: 2 } }])),
      at(1, sample('k', [{ labels: {}, values: { x: 3 } }])),
    ];
    expect(values(told)).toEqual(['x{job k} 3', 'y_total{job j} 2']);
  });
});

describe('HELP and TYPE', () => {
  test('come from the first job on the page that has the family', () => {
    const told = [
      ...job('k'),
      ...job('j'),
      at(1, sample('k', [{ labels: {}, values: { x: 1 } }], { x: { type: 'counter', help: 'of k' } })),
      at(1, sample('j', [{ labels: {}, values: { x: 2 } }], { x: { type: 'gauge', help: 'of\nj' } })),
    ];
    expect(passed(told)).toEqual(['# HELP x of\\nj', '# TYPE x gauge', 'x{job j} 2', 'x{job k} 1']);
  });

  const typed = (name: string, type: string, more: Record<string, number> = {}, value = 1): Told[] => [
    ...job('j'),
    at(1, sample('j', [{ labels: {}, values: { [name]: value, ...more } }], { [name]: { type, help: 'h' } })),
  ];

  test.each([
    ['x', 'gauge', 'x gauge', 'x gauge'],
    ['x', 'Counter', 'x counter', 'x unknown'],
    ['x_total', 'counter', 'x_total counter', 'x counter'],
    ['x', 'info', 'x untyped', 'x unknown'],
    ['x', 'untyped', 'x untyped', 'x unknown'],
    ['x_total', 'gauge', 'x_total gauge', 'x_total gauge'],
    ['x_info', 'gauge', 'x_info gauge', 'x_info gauge'],
    ['x_bucket', 'gauge', 'x_bucket gauge', 'x_bucket gauge'],
    ['x_count', 'gauge', 'x_count gauge', 'x_count gauge'],
    ['x_created', 'gauge', 'x_created gauge', 'x_created gauge'],
  ])('%s, of the type %p there, is %s, in OpenMetrics %s', (name, type, text, openMetrics) => {
    expect(page(typed(name, type))).toContain(`# TYPE ${text}\n${name}{`);
    expect(page(typed(name, type), 'openmetrics')).toContain(`# TYPE ${openMetrics}\n${name}{`);
  });

  test('a counter that OpenMetrics does not take as one is unknown there', () => {
    for (const told of [typed('x_total', 'counter', {}, -1), typed('x_total', 'counter', { x_created: 2 })]) {
      expect(page(told)).toContain('# TYPE x_total counter\n');
      expect(page(told, 'openmetrics')).toContain('# TYPE x_total unknown\nx_total{');
    }
  });

  test('without any there, it is untyped and helpless', () => {
    expect(passed([...job('j'), at(1, sample('j', [{ labels: {}, values: { x: 1 } }]))])).toEqual([
      '# HELP x ',
      '# TYPE x untyped',
      'x{job j} 1',
    ]);
  });

  test.each<[string, Families, string, string]>([
    ['nothing', {}, 'Time that a kernel was running on the GPU, percent', 'gauge'],
    [
      'no help',
      { DCGM_FI_DEV_GPU_UTIL: { type: 'counter', help: '' } },
      'Time that a kernel was running on the GPU, percent',
      'counter',
    ],
    ['no type', { DCGM_FI_DEV_GPU_UTIL: { type: 'untyped', help: 'theirs' } }, 'theirs', 'gauge'],
    ['both', { DCGM_FI_DEV_GPU_UTIL: { type: 'counter', help: 'theirs' } }, 'theirs', 'counter'],
  ])('what an exporter does not say of a field of DCGM’s is known: it says %s', (_, families, help, type) => {
    expect(passed([...job('j'), at(1, sample('j', [util({})], families))])).toEqual([
      `# HELP DCGM_FI_DEV_GPU_UTIL ${help}`,
      `# TYPE DCGM_FI_DEV_GPU_UTIL ${type}`,
      'DCGM_FI_DEV_GPU_UTIL{job j} 1',
    ]);
  });
});

describe('an instance’s sample', () => {
  const rows = [util({ UUID: 'GPU-0' }, 10), util({ UUID: 'GPU-1' }, 11), util({}, 12)];
  const shown = (...told: Told[]): string[] =>
    values([instance, ...told]).map((line) => line.replace(/^.*[{,](\w+ \w)} (\d+)$/, '$2 $1'));

  test('goes by UUID to the jobs whose gpu_uuids have it; the others bear the instance’s labels', () => {
    expect(shown(...job('j', { gpu_uuids: ['GPU-0'] }), at(5, sample('i', rows)))).toEqual([
      '10 job j',
      '11 instance i',
      '12 instance i',
    ]);
  });

  test('is that job’s that was provisioned last, not after the sample', () => {
    const uuids = { gpu_uuids: ['GPU-0'] };
    const told = [...job('j', uuids, 1), ...job('k', uuids, 5)];
    expect(shown(...told, at(4, sample('i', [util({ UUID: 'GPU-0' })])), at(9, jobSubmitted('x')))).toEqual([
      '1 job j',
    ]);
    expect(shown(...told, at(5, sample('i', [util({ UUID: 'GPU-0' })])))).toEqual(['1 job k']);
  });

  test('is all the job’s that is alone there and has no gpu_uuids, once it is provisioned', () => {
    expect(shown(...job('j', {}, 3), at(3, sample('i', rows)))).toEqual(['10 job j', '11 job j', '12 job j']);
    expect(shown(...job('j', {}, 3), at(2, sample('i', rows)))).toEqual([
      '10 instance i',
      '11 instance i',
      '12 instance i',
    ]);
    expect(shown(...job('j'), ...job('k'), at(3, sample('i', rows)))).toEqual([
      '10 instance i',
      '11 instance i',
      '12 instance i',
    ]);
  });

  test('is nobody’s where a job that was on that GPU finished after it', () => {
    expect(shown(...job('j', { gpu_uuids: ['GPU-0'] }), at(5, sample('i', rows)), finished('j', 6))).toEqual([
      '11 instance i',
      '12 instance i',
    ]);
    expect(
      shown(...job('j', { gpu_uuids: ['GPU-0'] }), at(6, sample('i', rows)), finished('j', 6)),
    ).toHaveLength(3);
  });

  test('a job with GPUs and no gpu_uuids was on every GPU, with an empty list on none, without GPUs on none', () => {
    expect(shown(...job('j'), at(5, sample('i', rows)), finished('j', 6))).toEqual([]);
    expect(shown(...job('j', { gpu_uuids: [] }), at(5, sample('i', rows)), finished('j', 6))).toHaveLength(3);
    const bare = { ...RESOURCES, gpu: { ...GPU, count: 0 } };
    const cpuJob = [at(0, jobSubmitted('j')), at(0, jobProvisioned('j', { id: 'i' }, { resources: bare }))];
    expect(shown(...cpuJob, at(5, sample('i', rows)), finished('j', 6))).toHaveLength(3);
  });

  test('but it stays the job’s whose it is, whoever else finished there', () => {
    const told = [
      ...job('k'),
      ...job('j', { gpu_uuids: ['GPU-0'] }),
      at(5, sample('i', rows)),
      finished('k', 6),
    ];
    expect(shown(...told)).toEqual(['10 job j']);
  });

  test('is not shown as the job’s where that has samples of its own from the exporter', () => {
    const own = at(5, sample('j', [util({ own: '1' }, 99)]));
    const told = [...job('j', { gpu_uuids: ['GPU-0'] }), at(5, sample('i', rows))];
    expect(shown(...told, own)).toEqual(['99 job j', '11 instance i', '12 instance i']);
    const ofOther = at(5, sample('j', [util({ own: '1' }, 99)], {}, 'other'));
    expect(shown(...told, ofOther)).toEqual(['10 job j', '99 job j', '11 instance i', '12 instance i']);
  });

  test('is shown while it is no older than the sample TTL', () => {
    const told = [instance, at(5, sample('i', rows))];
    expect(values([...told, at(605, jobSubmitted('x'))])).toHaveLength(3);
    expect(values([...told, at(606, jobSubmitted('x'))])).toHaveLength(0);
  });

  test('of an instance that is not shown is not shown', () => {
    expect(values([at(5, sample('i', rows))])).toEqual([]);
  });
});

describe('which labels name the GPU that a job has', () => {
  const two = [instance, ...job('j', { gpu_uuids: ['u-0', 'GPU-0'] }), ...job('k', { gpu_uuids: ['s-1'] })];
  const borne = (exporter: string, labels: Record<string, string>, name = 'x'): string =>
    values([...two, at(1, sample('i', [{ labels, values: { [name]: 1 } }], {}, exporter))])
      .join()
      .replace(/^.*(job|instance) (\w).*$/, '$1 $2');

  test.each([
    ['DCGM: UUID alone', 'dcgm', { UUID: 'u-0', gpu_uuid: 's-1' }, 'DCGM_FI_DEV_GPU_TEMP', 'job j'],
    ['no other label of it', 'dcgm', { uuid: 'u-0' }, 'DCGM_FI_DEV_GPU_TEMP', 'instance i'],
    ['amd: gpu_uuid', 'amd', { gpu_uuid: 'u-0', serial_number: 's-1' }, 'gpu_gfx_activity', 'job j'],
    ['else serial_number', 'amd', { gpu_uuid: 'N/A', serial_number: 's-1' }, 'amd_gpu_gfx_activity', 'job k'],
    ['where the UUID is zeros', 'amd', { gpu_uuid: '00-00', serial_number: 's-1' }, 'x', 'job k'],
    ['not UUID', 'amd', { UUID: 'u-0' }, 'gpu_gfx_activity', 'instance i'],
    ['others: uuid', 'xpum', { uuid: 'u-0', UUID: 's-1' }, 'xpum_power_watts', 'job j'],
    ['then UUID', 'xpum', { uuid: '', UUID: 's-1' }, 'x', 'job k'],
    ['then gpu_uuid', 'x', { gpu_uuid: 's-1' }, 'x', 'job k'],
    ['zeros name none', 'x', { uuid: '0', UUID: '-' }, 'x', 'instance i'],
  ])('%s', (_, exporter, labels, name, bearer) => {
    expect(borne(exporter, labels, name)).toBe(bearer);
  });

  test('nvidia_gpu_exporter’s UUIDs have no GPU- before them', () => {
    const told = [
      ...job('j', { gpu_uuids: ['GPU-df6e'] }),
      ...job('k', { gpu_uuids: [] }),
      at(
        1,
        sample('i', [{ labels: { uuid: 'df6e' }, values: { nvidia_smi_temperature_gpu: 34 } }], {}, 'smi'),
      ),
    ];
    expect(values(told)).toEqual(['nvidia_smi_temperature_gpu{uuid="df6e",job j} 34']);
  });

  test('of one series each family may name it by another label', () => {
    const row = { labels: { UUID: 'u-0', uuid: 's-1' }, values: { DCGM_FI_DEV_GPU_TEMP: 1, x: 2 } };
    expect(values([...two, at(1, sample('i', [row]))])).toEqual([
      'DCGM_FI_DEV_GPU_TEMP{UUID="u-0",uuid="s-1",job j} 1',
      'x{UUID="u-0",uuid="s-1",job k} 2',
    ]);
  });
});
