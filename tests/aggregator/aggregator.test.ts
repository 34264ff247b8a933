import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '../../services/log/embedded/log';
import { until } from '../log/until';
import { jobProvisioned, jobSubmitted, runSubmitted, tell, type Told } from '../support/told';
import { PARTITIONS, openWorld, recordOf, type World } from './world';

jest.setTimeout(60_000);

let world: World;
let logNowMs: () => number;
beforeEach(async () => {
  logNowMs = Date.now;
  world = await openWorld(() => logNowMs());
});
afterEach(() => world.close());

const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

function run(id: string, atMs = Date.now()): Told {
  return { ...runSubmitted(id), atMs };
}
function runs(count: number, name: string): Told[] {
  return Array.from({ length: count }, (_, index) => run(`${name}-${index}`));
}
const RUNS = 'dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"}';
const PAGE_TIME = 'fleetmeter_page_timestamp_seconds{}';

async function runsShown(count: number): Promise<void> {
  await until(`${count} runs are shown`, async () => (await world.page())?.get(RUNS) === count);
}

describe('page time', () => {
  test('follows the clock while nothing comes in, in every partition', async () => {
    await world.start();
    await until('there is a page', async () => (await world.page()) !== null);
    const firstMs = ((await world.page())?.get(PAGE_TIME) ?? 0) * 1000;
    await until(
      'it is 2 s later',
      async () => ((await world.page())?.get(PAGE_TIME) ?? 0) * 1000 > firstMs + 2000,
    );
    for (const number of ALL) {
      const times = world.applied
        .filter(({ partition }) => partition === number)
        .map(({ head }) => head.pageTimeMs);
      expect([...times].sort((a, b) => a - b)).toEqual(times);
      expect(times.length).toBeGreaterThan(2);
      expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
    }
  });

  test('is the log time of the last record read while there is more to read', async () => {
    const startMs = Date.now() - 3_600_000;
    const records = Array.from({ length: 2500 }, (_, second) => {
      const atMs = startMs + second * 1000;
      const event = tell({
        type: 'run.status_changed',
        data: { run: { id: 'r' }, status: 'running' },
        atMs,
        recordedtime: new Date(atMs).toISOString(),
      });
      return recordOf(event);
    });
    const own = records[0]?.partition;
    expect(await world.log.append(records)).toEqual({ kind: 'appended' });
    await world.start();
    const position = (): number =>
      world.applied.filter(({ partition }) => partition === own).at(-1)?.head.positions.lifecycle ?? 0;
    await until('all is read', () => position() === records.length);
    const onTheWay = world.applied
      .filter(({ partition, head }) => partition === own && head.positions.lifecycle < records.length)
      .map(({ head }) => head);
    expect(onTheWay.length).toBeGreaterThan(1);
    for (const { positions, pageTimeMs } of onTheWay) {
      if (positions.lifecycle > 0) expect(pageTimeMs).toBe(startMs + (positions.lifecycle - 1) * 1000);
    }
    await until(
      'page time is the clock',
      async () => ((await world.page())?.get(PAGE_TIME) ?? 0) * 1000 > startMs + 3_500_000,
    );
  });
});

test('how long events took from their time to the page is measured, of what is no history', async () => {
  await world.start();
  const nowMs = Date.now();
  await world.send(...runs(20, 'now'), run('late', nowMs - 100_000), run('history', nowMs - 2 * 3_600_000));
  await runsShown(22);
  const name = 'fleetmeter_process_event_visible_seconds';
  const text = await world.metrics.registry.getSingleMetricAsString(name);
  const bucket = (le: string, events: number): string =>
    `${name}_bucket{le="${le}",topic="lifecycle"} ${events}\n`;
  expect(text).toContain(bucket('60', 20) + bucket('300', 21));
  expect(text).toContain(`${name}_count{topic="lifecycle"} 21`);
});

describe('ownership', () => {
  test('a commit that is stale ends it; it is taken over anew and nothing is counted twice', async () => {
    await world.start();
    await world.send(...runs(40, 'first'));
    await runsShown(40);
    for (const number of ALL) expect((await world.store.acquire(number)).kind).toBe('acquired');
    await world.send(...runs(40, 'second'));
    await runsShown(80);
    expect(await world.counted('fleetmeter_process_takeovers_total')).toBeGreaterThanOrEqual(2 * PARTITIONS);
    const stale = (await world.metrics.commits.get()).values.find(({ labels }) => labels.result === 'stale');
    expect(stale?.value).toBeGreaterThanOrEqual(PARTITIONS);
  });

  test('what was folded and not committed is folded again', async () => {
    let failures = 0;
    world.between.commit = ({ head }) =>
      Promise.resolve(head.positions.lifecycle > 0 && failures++ < 3 ? { kind: 'stale' } : null);
    await world.start();
    await world.send(...runs(40, 'once'));
    await runsShown(40);
    expect(failures).toBeGreaterThan(3);
  });

  test('after a restart it goes on where it was', async () => {
    const first = await world.start();
    await world.send(...runs(40, 'first'));
    await runsShown(40);
    await first.close();
    const read = await world.counted('fleetmeter_process_records_folded_total');
    await world.start();
    await world.send(...runs(5, 'second'));
    await runsShown(45);
    expect(await world.counted('fleetmeter_process_records_folded_total')).toBe(read + 5);
  });

  test('a state that was folded by other settings is not gone on with', async () => {
    const first = await world.start();
    await world.send(run('r'));
    await runsShown(1);
    await first.close();
    const before = world.applied.length;
    await world.start({ latenessMs: 1000 });
    await until('it says why', () =>
      world.said.some((line) => line.includes('FLEETMETER_LATENESS_SECONDS=86400')),
    );
    expect(world.applied.length).toBe(before);
  });

  test('nor is one that was folded from another log, and no replica shows it', async () => {
    const first = await world.start();
    await world.send(...runs(40, 'first'));
    await runsShown(40);
    await first.close();
    const dir = mkdtempSync(join(tmpdir(), 'fleetmeter-another-'));
    const another = await openEmbeddedLog({ dir, partitions: PARTITIONS });
    const second = await world.start({ log: another });
    await until('it is not shown', async () => ((await world.refusal()) ?? '').includes('log'));
    await second.close();
    await another.close();
    rmSync(dir, { recursive: true });
    await world.start();
    await runsShown(40);
  });
});

describe('a store that is away', () => {
  const AWAY = { kind: 'unavailable', detail: 'gone for a while' } as const;

  test('for a moment: the same commit is sent again', async () => {
    await world.start();
    await world.send(...runs(20, 'before'));
    await runsShown(20);
    const tried = new Map<string, number>();
    world.between.commit = ({ batchId }) => {
      const count = (tried.get(batchId) ?? 0) + 1;
      tried.set(batchId, count);
      return Promise.resolve(count < 4 ? AWAY : null);
    };
    await world.send(...runs(20, 'during'));
    await runsShown(40);
    expect(await world.counted('fleetmeter_process_takeovers_total')).toBe(PARTITIONS);
  });

  test('for long: reading waits, and goes on when it is back', async () => {
    const aggregator = await world.start();
    await world.send(...runs(20, 'before'));
    await runsShown(20);
    let refused = 0;
    world.between.commit = () => Promise.resolve(AWAY);
    world.between.acquire = () => (refused++, AWAY);
    await world.send(...runs(20, 'during'));
    await until('it was let go of', () => refused > PARTITIONS);
    expect(aggregator.trouble()).toMatch(/^partition \d was not committed for \d s: .*gone for a while$/);
    const read = await world.counted('fleetmeter_process_records_folded_total');
    expect(read).toBeLessThanOrEqual(40);
    world.between.commit = () => Promise.resolve(null);
    world.between.acquire = () => null;
    await runsShown(40);
    expect(aggregator.trouble()).toBeUndefined();
  });
});

describe('what can not be taken', () => {
  /** Each on partition 0, whatever it is. */
  function strayed(event: ReturnType<typeof tell>) {
    return { ...recordOf(event), partition: 0 };
  }
  function badRecord(index: number) {
    return {
      topic: 'lifecycle' as const,
      key: 'k',
      partition: index % PARTITIONS,
      value: Buffer.from(`{"bad":${index}`),
    };
  }
  async function letters(): Promise<{ key: string; letter: Record<string, unknown> }[]> {
    const records = await world.records('dead-letter');
    return records.map(({ key, value }) => ({
      key: key?.toString() ?? '',
      letter: JSON.parse(value?.toString() ?? '') as Record<string, unknown>,
    }));
  }

  test('is on the dead letters before any position passes it', async () => {
    const early: unknown[] = [];
    world.between.commit = async ({ partition, head }) => {
      const there = (await letters()).filter(({ letter }) => letter['partition'] === partition).length;
      if (there < head.positions.lifecycle)
        early.push({ partition, there, position: head.positions.lifecycle });
      return null;
    };
    await world.start();
    for (let round = 0; round < 5; round++) {
      await world.log.append(Array.from({ length: 8 }, (_, index) => badRecord(8 * round + index)));
    }
    await until('all are committed', () =>
      ALL.every((number) =>
        world.applied.some(({ partition, head }) => partition === number && head.positions.lifecycle === 10),
      ),
    );
    expect(early).toEqual([]);
    const found = (await letters()).map(({ letter: { reason, topic, partition, offset, value } }) => {
      return { reason, topic, partition, offset, value };
    });
    expect(found).toHaveLength(40);
    expect(found).toContainEqual({
      reason: 'invalid_json',
      topic: 'fleetmeter.lifecycle',
      partition: 3,
      offset: 4,
      value: '{"bad":19',
    });
  });

  test('waits while the dead letters can not be written', async () => {
    let refused = 0;
    world.between.append = (records) =>
      records[0]?.topic === 'dead-letter' && refused < 3
        ? (refused++, { kind: 'unavailable', detail: 'the disk is full' })
        : null;
    await world.start();
    await world.log.append([badRecord(0)]);
    await world.send(...runs(20, 'good'));
    await runsShown(20);
    await until('it is there', async () => (await letters()).length === 1);
    expect(refused).toBe(3);
  });

  test('is one letter, by its key, however often it was written; a copy counts once', async () => {
    let crashes = 0;
    world.between.commit = ({ head }) =>
      // As if the process had died after the copies were durable.
      Promise.resolve(head.positions.lifecycle > 0 && crashes < 3 ? (crashes++, { kind: 'stale' }) : null);
    await world.log.append([badRecord(0), ...runs(12, 'strayed').map((told) => strayed(tell(told)))]);
    await world.start();
    await runsShown(12);
    const found = await letters();
    expect(found.length).toBeGreaterThan(1);
    expect(new Set(found.map(({ key }) => key))).toEqual(new Set(['fleetmeter.lifecycle/0/0']));
    expect(new Set(found.map(({ letter }) => JSON.stringify(letter))).size).toBe(1);
    const lifecycle = (await world.records('lifecycle')).filter(({ partition }) => partition !== 0);
    expect(lifecycle.length).toBeGreaterThan(9);
  });

  test('samples on the lifecycle topic, and facts on the telemetry topic, are copied to where they belong', async () => {
    const nowMs = Date.now();
    const sampled = tell({
      type: 'job.sampled',
      data: { run: { id: 'r' }, job: { id: 'j' }, memory_usage_bytes: 7 },
      atMs: nowMs,
    });
    await world.log.append([
      { ...recordOf(sampled), topic: 'lifecycle' },
      ...[runSubmitted('r'), jobSubmitted('j'), jobProvisioned('j')].map((each) => ({
        ...recordOf(tell({ ...each, atMs: nowMs })),
        topic: 'telemetry' as const,
      })),
    ]);
    await world.start();
    await until('the sample is shown', async () =>
      [...((await world.page()) ?? [])].some(
        ([key, value]) => key.startsWith('dstack_job_memory_usage_bytes{') && value === 7,
      ),
    );
    expect(await world.counted('fleetmeter_process_misrouted_total')).toBe(4);
  });
});

test('telemetry is read no further ahead of page time than a sample lives', async () => {
  const startMs = Date.now();
  let clockMs = startMs;
  world.between.clock = () => ({ kind: 'clock', nowMs: clockMs });
  const sampled = (bytes: number, atMs: number): Told => ({
    type: 'job.sampled',
    data: { run: { id: 'r' }, job: { id: 'j' }, memory_usage_bytes: bytes },
    atMs,
  });
  const shown = async (): Promise<number | undefined> =>
    [...((await world.page()) ?? [])].find(([key]) => key.startsWith('dstack_job_memory_usage_bytes{'))?.[1];
  for (const each of [runSubmitted('r'), jobSubmitted('j'), jobProvisioned('j')])
    await world.send({ ...each, atMs: startMs });
  await world.send(sampled(1, startMs));
  const aggregator = await world.start({ sampleTtlMs: 60_000 });
  await until('the first is shown', async () => (await shown()) === 1);
  logNowMs = () => startMs + 90_000;
  await world.send(sampled(2, startMs + 90_000));
  // Lifecycle is read on: the partition is not held up by the sample that waits.
  logNowMs = () => startMs;
  await world.send({
    type: 'job.finished',
    data: { run: { id: 'r' }, job: { id: 'other' }, status: 'done' },
    atMs: startMs,
  });
  await world.send({ ...jobSubmitted('other'), atMs: startMs });
  const finished =
    'fleetmeter_jobs_finished_total{dstack_project_name="p",dstack_user_name="u",status="done"}';
  await until('the finish is shown', async () => (await world.page())?.get(finished) === 1);
  expect(await shown()).toBe(1);
  clockMs = startMs + 120_000;
  await until('the second is shown', async () => (await shown()) === 2);
  await aggregator.close();
});
