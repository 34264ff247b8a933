import { decodeEvent, encodeEvent } from '../../events/codec';
import { EVENT_TYPES, isTelemetry, type FleetEvent } from '../../events/event';
import { simulate, type SimulationOptions } from '../../services/demo/simulation';
import { openWitness } from './witness/witness';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 24, 8);
const HOURS_6: SimulationOptions = {
  seed: 1,
  jobs: 60,
  startMs: START,
  endMs: START + 6 * HOUR,
  speed: 1,
  telemetryFromMs: START + 5.95 * HOUR,
};
const SHORT: SimulationOptions = {
  ...HOURS_6,
  jobs: 20,
  endMs: START + HOUR,
  telemetryFromMs: START + 0.9 * HOUR,
};

const all = (options: SimulationOptions): FleetEvent[] => [...simulate(options)];
/** As texts, of which large arrays are compared fast. */
const lines = (options: SimulationOptions): string[] => all(options).map(encodeEvent);
/** Ids of events, and of what they tell of. */
const idsOf = (events: FleetEvent[]): Set<string> =>
  new Set(
    JSON.stringify(events).match(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g),
  );

describe('a simulated fleet', () => {
  test('is the same for the same seed, and another for another', () => {
    const once = lines(SHORT);
    expect(lines(SHORT)).toEqual(once);
    expect(lines({ ...SHORT, seed: 2 }).slice(0, 200)).not.toEqual(once.slice(0, 200));
  });

  test('lives the same life whether it is watched or not', () => {
    const watched = all(SHORT).filter((event) => !isTelemetry(event));
    expect(lines({ ...SHORT, telemetryFromMs: Infinity })).toEqual(watched.map(encodeEvent));
  });

  test('that starts again later names nothing by an id that is taken', () => {
    const ids = idsOf(all(SHORT));
    const again = idsOf(all({ ...SHORT, startMs: START + 1, endMs: START + HOUR + 1 }));
    expect(again.size).toBeGreaterThan(1000);
    expect([...again].filter((id) => ids.has(id))).toEqual([]);
  });

  test('begins when it is told to, and is the same for the rest', () => {
    const steps = (startMs: number) =>
      all({ ...SHORT, startMs, endMs: startMs + HOUR, telemetryFromMs: Infinity }).map(({ type, timeMs }) => [
        type,
        timeMs - startMs,
      ]);
    expect(steps(START + 12_345)).toEqual(steps(START));
  });

  test('keeps to its time', () => {
    const events = all(SHORT);
    expect(events[0]?.timeMs).toBeGreaterThan(SHORT.startMs);
    expect(events.at(-1)?.timeMs).toBeLessThanOrEqual(SHORT.endMs);
    expect(events.filter(isTelemetry).every(({ timeMs }) => timeMs >= SHORT.telemetryFromMs)).toBe(true);
  });

  test('at a higher speed lives more in the same time', () => {
    const runs = (speed: number) =>
      all({ ...SHORT, speed }).filter(({ type }) => type === 'fleetmeter.run.finished.v1').length;
    expect(runs(10)).toBeGreaterThan(5 * runs(1));
  });
});

describe.each([
  ['at the speed of the clock', HOURS_6],
  [
    'a hundred times as fast',
    { ...HOURS_6, seed: 4, endMs: START + HOUR / 5, speed: 100, telemetryFromMs: START + HOUR / 5 - 120_000 },
  ],
])('six hours and more of 60 jobs, %s', (_, options) => {
  const events = all(options);
  const look = (): ReadonlyMap<string, number> => {
    const witness = openWitness(options.speed);
    for (const event of events) witness.see(event);
    return witness.seen;
  };

  test('hold nothing that can not be', () => {
    expect(look().get('fleetmeter.job.finished.v1')).toBeGreaterThan(300);
  });

  test('hold all that a fleet does', () => {
    const seen = look();
    const kinds = [
      ...EVENT_TYPES,
      ...['task', 'service', 'dev-environment'].map((type) => `type ${type}`),
      ...['aws', 'gcp', 'lambda', 'nebius', 'runpod', 'kubernetes', 'remote'].map(
        (name) => `backend ${name}`,
      ),
      ...['H100', 'H200', 'B200', 'A100', 'L40S', 'L4', 'MI300X', 'none'].map((name) => `gpu ${name}`),
      ...[
        'scheduled',
        'name used again',
        'resubmitted job',
        'job of a further node',
        'job of a further replica',
        'shared instance',
      ],
      ...['whole instance', 'share of an instance', 'with UUIDs', 'without UUIDs'],
      ...['dcgm of a job', 'dcgm of an instance', 'amd of a job'],
      ...['running -> pending', 'terminating -> pending', 'pending -> submitted'].map(
        (step) => `run ${step}`,
      ),
      ...['provisioning -> idle', 'idle -> busy', 'busy -> idle'].map((step) => `instance ${step}`),
      ...['idle_timeout', 'job_finished', 'unreachable'].map((reason) => `instance ${reason}`),
      ...[
        'done_by_runner',
        'container_exited_with_error',
        'terminated_by_user',
        'interrupted_by_no_capacity',
      ].map((reason) => `job ${reason}`),
      ...['created', 'deleted'].map((what) => `volume ${what}`),
      ...['all_jobs_done', 'job_failed', 'stopped_by_user'].map((reason) => `run ${reason}`),
    ];
    expect(kinds.filter((kind) => !seen.has(kind))).toEqual([]);
    const many = (prefix: string) => [...seen.keys()].filter((kind) => kind.startsWith(prefix)).length;
    expect(many('project ')).toBeGreaterThanOrEqual(4);
    expect(many('user ')).toBeGreaterThanOrEqual(8);
  });

  test('are events that a reader takes, and reads as they were meant', () => {
    const sent = events.map(encodeEvent);
    const read = sent.map((line) => decodeEvent(Buffer.from(line)));
    expect(read.filter(({ ok }) => !ok)).toEqual([]);
    expect(read.flatMap((answer) => (answer.ok ? encodeEvent(answer.event) : []))).toEqual(sent);
  });
});

test.each([5, 40, 150])('about %d jobs run at the same time', (jobs) => {
  const running = new Set<string>();
  const counts: number[] = [];
  let nextMs = START + HOUR / 2;
  for (const event of simulate({ ...HOURS_6, jobs, telemetryFromMs: Infinity })) {
    for (; event.timeMs > nextMs; nextMs += HOUR / 20) counts.push(running.size);
    if (event.type === 'fleetmeter.job.finished.v1') running.delete(event.data.job.id);
    if (event.type !== 'fleetmeter.job.status_changed.v1') continue;
    if (event.data.status === 'running') running.add(event.data.job.id);
    else running.delete(event.data.job.id);
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(counts.length).toBeGreaterThan(100);
  expect(mean / jobs).toBeGreaterThan(0.75);
  expect(mean / jobs).toBeLessThan(1.25);
});
