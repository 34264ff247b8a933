/** dstack's page: what it says of jobs' use, and how it is held against ours. */
import { encodeEvent } from '../../events/codec';
import { comparePages } from '../../services/bridge/dstack/compare';
import { openDstackWorld } from './dstack-world';

const JOB =
  'dstack_project_name="alpha",dstack_user_name="ann",dstack_run_name="train",dstack_run_id="r-1",dstack_job_name="train-0-0",dstack_job_id="j-1",dstack_job_num="0",dstack_replica_num="0",dstack_run_type="task",dstack_backend="aws",dstack_gpu="H100"';

test('use and DCGM of each job become samples, of the moment that the page was asked for', async () => {
  const world = await openDstackWorld(() => []);
  try {
    world.standIn.page = [
      '# HELP dstack_job_cpu_time_seconds_total Total CPU time consumed by the job, seconds',
      '# TYPE dstack_job_cpu_time_seconds_total counter',
      `dstack_job_cpu_time_seconds_total{${JOB}} 5.5`,
      `dstack_job_memory_usage_bytes{${JOB}} 1024.0`,
      `dstack_job_gpu_usage_ratio{${JOB},dstack_gpu_num="1"} 0.25`,
      `dstack_job_gpu_usage_ratio{${JOB},dstack_gpu_num="0"} 0.5`,
      `dstack_job_price_dollars_per_hour{${JOB.replaceAll('j-1', 'j-2')}} 3.0`,
      '# HELP DCGM_FI_DEV_GPU_TEMP GPU temperature',
      '# TYPE DCGM_FI_DEV_GPU_TEMP gauge',
      `DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-0",${JOB}} 41.0 1795507200000`,
      '',
    ].join('\n');
    const sampled = await world.open().sample('/plane');
    if (sampled.kind === 'unavailable') throw new Error(sampled.detail);
    const events = sampled.events.map(
      (event) =>
        JSON.parse(encodeEvent(event)) as {
          readonly type: string;
          readonly time: string;
          readonly data: unknown;
        },
    );
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      [
        'fleetmeter.job.sampled.v1',
        {
          run: { id: 'r-1' },
          job: { id: 'j-1' },
          cpu_time_seconds: 5.5,
          memory_usage_bytes: 1024,
          gpus: [{ usage_ratio: 0.5 }, { usage_ratio: 0.25 }],
        },
      ],
      [
        'fleetmeter.gpu.sampled.v1',
        {
          run: { id: 'r-1' },
          job: { id: 'j-1' },
          exporter: 'dcgm',
          families: { DCGM_FI_DEV_GPU_TEMP: { type: 'gauge', help: 'GPU temperature' } },
          series: [
            {
              labels: { gpu: '0', UUID: 'GPU-0' },
              values: { DCGM_FI_DEV_GPU_TEMP: 41 },
              timestamp_ms: 1_795_507_200_000,
            },
          ],
        },
      ],
    ]);
    expect(events.every(({ time }) => Date.parse(time) === world.nowMs())).toBe(true);
  } finally {
    await world.close();
  }
});

describe('comparing', () => {
  const ATMS = 1_000_000;
  const compare = (dstack: readonly string[], fleetmeter: readonly string[], laterMs = 0) =>
    comparePages(
      { bytes: Buffer.from(`${dstack.join('\n')}\n`), atMs: ATMS },
      { bytes: Buffer.from(`${fleetmeter.join('\n')}\n`), atMs: ATMS + laterMs },
      1000,
    );
  const runs = (project: string, user: string, count: number): string =>
    `dstack_run_count_total{dstack_project_name="${project}",dstack_user_name="${user}"} ${String(count)}`;

  test('durations differ by what lies between the two moments, and no more than the step of the clock', () => {
    const duration = (seconds: number): string =>
      `dstack_job_duration_seconds_total{${JOB}} ${String(seconds)}`;
    expect(compare([duration(100)], [duration(130.9)], 30_000)).toMatchObject({ same: 1, differences: [] });
    expect(compare([duration(100)], [duration(131.1)], 30_000).differences).toEqual([
      { series: expect.stringContaining('duration') as string, dstack: 100, fleetmeter: 131.1 },
    ]);
    expect(compare([duration(100)], [duration(100)], -300_000).differences).toHaveLength(1);
  });

  test('prices and counts are exact; what one lacks is a difference', () => {
    const price = (dollars: number): string => `dstack_job_price_dollars_per_hour{${JOB}} ${String(dollars)}`;
    expect(compare([price(98.32)], [price(98.32)])).toMatchObject({ same: 1, differences: [] });
    expect(compare([price(98.32)], [price(98.33)]).differences).toHaveLength(1);
    expect(compare([price(98.32)], []).differences).toMatchObject([{ dstack: 98.32, fleetmeter: undefined }]);
    expect(compare([], [price(98.32)]).differences).toMatchObject([{ dstack: undefined, fleetmeter: 98.32 }]);
  });

  test('what cannot be compared is told apart', () => {
    const queue = 'dstack_pending_runs_total{project_name="alpha",run_type="task"} 3';
    const use = `dstack_job_memory_usage_bytes{${JOB}} 3`;
    const { differences, notComparable } = compare([queue, use], ['fleetmeter_runs 1']);
    expect(differences).toEqual([]);
    expect([...notComparable.values()]).toEqual([1, 1, 1]);
  });

  test('a deleted user is no difference where the sums are the same, and one where they are not', () => {
    const theirs = [runs('alpha', '_deleted_1_a', 3), runs('alpha', 'bob', 2)];
    expect(compare(theirs, [runs('alpha', 'ann', 3), runs('alpha', 'bob', 2)])).toMatchObject({
      same: 1,
      differences: [],
    });
    expect(compare(theirs, [runs('alpha', 'ann', 4), runs('alpha', 'bob', 2)]).differences).toHaveLength(2);
    expect(
      compare([runs('alpha', 'bob', 2)], [runs('alpha', 'ann', 3), runs('alpha', 'bob', 2)]).differences,
    ).toHaveLength(1);
  });

  test('nor is a deleted project', () => {
    const theirs = [runs('_deleted_1_b', 'ann', 3), runs('alpha', 'bob', 2)];
    expect(compare(theirs, [runs('beta', 'ann', 3), runs('alpha', 'bob', 2)])).toMatchObject({
      same: 1,
      differences: [],
    });
    expect(compare(theirs, [runs('alpha', 'bob', 1)]).differences).toHaveLength(1);
  });
});
