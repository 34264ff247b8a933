import { at, gpuSampled, instanceStatus, job, jobFinished, line, started, terminated } from './events';
import { foldNaively, type OracleOptions, type OraclePage } from './index';
import { partitionOf } from './route';

const DEFAULTS: OracleOptions = {
  partitions: 8,
  latenessMs: 86_400_000,
  dedupeMs: 30 * 86_400_000,
  sampleTtlMs: 600_000,
};
const SHORT: OracleOptions = { ...DEFAULTS, latenessMs: 60_000, dedupeMs: 600_000, partitions: 1 };

/** Values of a family's series that have this text in their labels. */
function values(page: OraclePage, family: string, text = ''): number[] {
  return [...page.series].flatMap(([key, value]) =>
    key.startsWith(`${family}{`) && key.includes(text) ? [value] : [],
  );
}
function reasons(page: OraclePage): [number, string][] {
  return page.dead.map((each) => [each.line, each.reason]);
}

describe('money and time', () => {
  it('charges a job its blocks of the price, from provisioned on, rounded down once', () => {
    const lines = job('j', 0, {}, { blocks: { used: 1, total: 3 } });
    const page = foldNaively(lines, { ...DEFAULTS, atMs: at(1800) });
    // 98.32 dollars x 1/2 h x 1/3 = 16.386666666666...
    expect(values(page, 'fleetmeter_job_cost_dollars_total')).toEqual([16.386666666]);
    expect(values(page, 'fleetmeter_usage_gpu_seconds_total')).toEqual([8 * 1800]);
  });

  it('charges an instance by status, and idle time apart', () => {
    const lines = [
      started('i', 0, { price: { dollars_per_hour: 3.6 } }),
      instanceStatus('i', 100, 'idle'),
      instanceStatus('i', 300, 'pending'),
      instanceStatus('i', 400, 'busy'),
      terminated('i', 500),
    ];
    const page = foldNaively(lines, { ...DEFAULTS, atMs: at(9000) });
    expect(values(page, 'fleetmeter_fleet_cost_dollars_total')).toEqual([0.4]);
    expect(values(page, 'fleetmeter_fleet_idle_cost_dollars_total')).toEqual([0.2]);
    expect(values(page, 'dstack_instance_duration_seconds_total')).toEqual([]);
  });

  it.each([
    [5e-10, 1e-9],
    [4.9e-10, 0],
    [1.5e-9, 2e-9],
    [2.675, 2.675],
  ])('rounds a price of %d half up to nano-dollars', (dollars, shown) => {
    const page = foldNaively([started('i', 0, { price: { dollars_per_hour: dollars } })], DEFAULTS);
    expect(values(page, 'dstack_instance_price_dollars_per_hour')).toEqual([shown]);
  });
});

describe('log time', () => {
  it('settles an entity the lateness after the record that finished it, and forgets its id after the dedupe time', () => {
    const lines = [
      started('i', 0),
      terminated('i', 10),
      started('clock', 69),
      instanceStatus('i', 9, 'idle'), // log time 69: not yet
      started('clock', 70),
      instanceStatus('i', 70, 'idle'), // settled
      started('clock', 670),
      instanceStatus('i', 670, 'idle'), // its newest event seen, the refused one of 70, is 600 s old: still known
      started('clock', 1271),
      started('i', 1271), // that of 670 is 601 s old: forgotten
    ];
    const page = foldNaively(lines, SHORT);
    expect(reasons(page)).toEqual([
      [5, 'too_late'],
      [7, 'too_late'],
    ]);
    expect(values(page, 'dstack_instance_duration_seconds_total', 'id="i"')).toEqual([0]);
  });

  it('gives up what has no description, which begins it anew', () => {
    const lines = [
      instanceStatus('i', 0, 'idle'),
      instanceStatus('k', 60, 'idle'),
      instanceStatus('i', 60, 'busy'), // given up
      started('i', 0), // begins anew, without the facts of before
    ];
    const page = foldNaively(lines, SHORT);
    expect(reasons(page)).toEqual([[2, 'too_late']]);
    expect(values(page, 'fleetmeter_instances', '"provisioning"')).toEqual([1]);
  });

  it('keeps an id for good that a refused event has shown as a snapshot', () => {
    const lines = [
      started('i', 100),
      started('i', 39, { snapshot: true }), // older than its newest by 61 s
      terminated('i', 100),
      instanceStatus('k', 100_000, 'idle'),
      started('i', 100_000),
    ];
    expect(reasons(foldNaively(lines, SHORT))).toEqual([
      [1, 'too_late'],
      [4, 'too_late'],
    ]);
  });

  it('is the earlier of append time and recordedtime on the live log, and never goes back', () => {
    const recorded = { recordedtime: new Date(at(50)).toISOString() };
    const lines = [
      instanceStatus('i', 350, 'idle', recorded), // 300 s ahead of 50
      instanceStatus('i', 351, 'idle', recorded),
      instanceStatus('i', 420, 'idle'),
      instanceStatus('i', 421, 'idle', recorded), // log time stays at 120
    ];
    const places = [100, 110, 120, 130].map((seconds) => ({ partition: 0, appendTimeMs: at(seconds) }));
    const page = foldNaively(lines, { ...DEFAULTS, partitions: 1, places, pageTimes: [at(130)] });
    expect(reasons(page)).toEqual([
      [1, 'from_the_future'],
      [3, 'from_the_future'],
    ]);
  });
});

describe('the live page', () => {
  const [first, second] = ['i0', 'i1', 'i2', 'i3', 'i4', 'i5'].filter(
    (id, _, ids) => id === ids[0] || partitionOf(id, 2) !== partitionOf(ids[0] ?? '', 2),
  );
  const [here, there] = [first ?? '', second ?? ''];
  const places = [here, there, here].map((id) => ({ partition: partitionOf(id, 2), appendTimeMs: at(0) }));

  it('has each entity as of the page time of its partition, and says the oldest', () => {
    const pageTimes = partitionOf(here, 2) === 0 ? [at(10), at(20)] : [at(20), at(10)];
    const page = foldNaively([started(here, 0), started(there, 0)], {
      ...DEFAULTS,
      partitions: 2,
      places: places.slice(0, 2),
      pageTimes,
    });
    expect(values(page, 'dstack_instance_duration_seconds_total', `id="${here}"`)).toEqual([10]);
    expect(values(page, 'dstack_instance_duration_seconds_total', `id="${there}"`)).toEqual([20]);
    expect(values(page, 'fleetmeter_page_timestamp_seconds')).toEqual([at(10) / 1000]);
  });

  it('does not count a record on another partition than its key', () => {
    const lines = [started(here, 0), started(there, 0), started(there, 0)];
    const page = foldNaively(lines, { ...DEFAULTS, partitions: 2, places, pageTimes: [at(10), at(10)] });
    expect(reasons(page)).toEqual([]);
    expect(values(page, 'fleetmeter_instances', '"provisioning"')).toEqual([2]);
  });

  it('holds what is up to 300 s ahead as soon as it is known, and refuses samples further ahead', () => {
    const lines = [
      started(here, 0),
      terminated(here, 300),
      gpuSampled({ instance: { id: here } }, 301, ['g']),
    ];
    const page = foldNaively(lines, {
      ...DEFAULTS,
      partitions: 2,
      places: lines.map(() => ({ partition: partitionOf(here, 2), appendTimeMs: at(0) })),
      pageTimes: [at(0), at(0)],
    });
    expect(reasons(page)).toEqual([[2, 'from_the_future']]);
    expect(values(page, 'dstack_instance_duration_seconds_total')).toEqual([]);
  });
});

describe('GPU passthrough', () => {
  const family = 'DCGM_FI_DEV_FB_USED';
  const ofInstance = { instance: { id: 'i' } };
  const ofJob = { run: { id: 'r' }, job: { id: 'j' } };

  it("gives a series to the job that has its UUID, others to the instance, and not one of a job's before its finish", () => {
    const lines = [
      started('i', 0),
      ...job('j', 0, { gpu_uuids: ['g0'] }),
      ...job('k', 0, { gpu_uuids: ['g2'] }),
      gpuSampled(ofInstance, 5, ['g0', 'g1', 'g2']),
      jobFinished('k', 6),
    ];
    const page = foldNaively(lines, DEFAULTS);
    expect(values(page, family)).toHaveLength(2);
    expect(values(page, family, 'UUID="g0",dstack_project_name="p",dstack_user_name="u"')).toEqual([5]);
    expect(values(page, family, 'UUID="g1",dstack_project_name="p",dstack_fleet_name')).toEqual([5]);
  });

  it.each<[string, object, object, number]>([
    ['with GPUs, though nothing else is known of it', {}, {}, 0],
    ['on none of them', { gpu_uuids: [] }, {}, 1],
    ['with no GPU', {}, { resources: { cpus: 1, memory_bytes: 1 } }, 1],
  ])('minds the finish of a job %s', (_, placed, more, shown) => {
    const [, provisioned = ''] = job('k', 0, placed, more);
    const lines = [started('i', 0), provisioned, gpuSampled(ofInstance, 5, ['g0']), jobFinished('k', 6)];
    expect(values(foldNaively(lines, DEFAULTS), family)).toHaveLength(shown);
  });

  it('leaves a job its series where another one on the same GPU finished after the sample', () => {
    const lines = [
      started('i', 0),
      ...job('k', 0, { gpu_uuids: ['g0'] }),
      ...job('j', 1, { gpu_uuids: ['g0'] }),
      gpuSampled(ofInstance, 5, ['g0']),
      jobFinished('k', 6),
    ];
    expect(values(foldNaively(lines, DEFAULTS), family, 'dstack_job_id="j"')).toEqual([5]);
  });

  it("does not show an instance's samples as those of a job that has its own from that exporter", () => {
    const lines = [
      ...job('j', 0, { gpu_uuids: ['g0', 'g1'] }),
      gpuSampled(ofInstance, 5, ['g0', 'g1']),
      gpuSampled(ofInstance, 5, ['g2', 'g1'], 'other'),
      gpuSampled(ofJob, 4, ['g0']),
    ];
    const page = foldNaively(lines, DEFAULTS);
    expect(values(page, family, 'UUID="g0"')).toEqual([4]);
    expect(values(page, family, 'UUID="g1"')).toEqual([5]);
    expect(values(page, family)).toHaveLength(2);
    const alone = foldNaively(lines.toSpliced(4, 1), DEFAULTS);
    expect(values(alone, family, 'UUID="g0"')).toEqual([5]);
  });
});

describe('refusals', () => {
  it.each([
    ['😀'.repeat(64), []],
    ['😀'.repeat(65), [[0, 'invalid_data']]],
    ['', [[0, 'invalid_data']]],
  ])('takes ids of 1 to 128 UTF-16 units (%#)', (id, expected) => {
    expect(reasons(foldNaively([started(id, 0)], DEFAULTS))).toEqual(expected);
  });

  it('says too_large of more than 1,000,000 bytes, whatever they are', () => {
    const bare = line('run.finished', 0, { run: { id: 'r' }, status: 'done', reason: '' }, { id: 'x' });
    const filled = (bytes: number): string =>
      bare.replace('"reason":""', () => `"reason":"${'x'.repeat(bytes - Buffer.byteLength(bare))}"`);
    const page = foldNaively([filled(1_000_000), filled(1_000_001), 'é'.repeat(500_001)], DEFAULTS);
    expect(reasons(page)).toEqual([
      [1, 'too_large'],
      [2, 'too_large'],
    ]);
  });
});
