/** What dstack may answer besides what it should, and what it does without a word. */
import type { ServerResponse } from 'node:http';
import type { Advance, ControlPlane } from '../../services/bridge/port';
import { idOf, type Fact } from '../../services/bridge/fact';
import { finish, jobOf, running } from './dstack-life';
import { openDstackWorld, type DstackWorld } from './dstack-world';
import { ledgerOf, linesOf, readOn, readPiece } from './reading';
import { createInstance, record, setInstance, setJob, submitJob, submitRun } from './happenings';
import { SECRETS, type StandIn } from './stand-in';

jest.setTimeout(60_000);

let world: DstackWorld;
let plane: ControlPlane;
let at: StandIn;
beforeEach(async () => {
  world = await openDstackWorld(() => []);
  plane = world.open();
  at = world.standIn;
});
afterEach(() => world.close());

async function metric(name: string): Promise<number> {
  const page = await world.metrics.registry.metrics();
  const line = page.split('\n').find((each) => each.startsWith(`fleetmeter_bridge_${name}`));
  return Number(line?.split(' ').at(-1) ?? NaN);
}

/** As a bridge that comes now would have it. */
async function expectAsFound(facts: readonly Fact[]): Promise<void> {
  const found = (await readOn(world.open(), undefined)).facts;
  const atMs = world.nowMs() + 60_000;
  expect(ledgerOf(facts, atMs)).toBe(ledgerOf(found, atMs));
}

describe('answers', () => {
  const half = (response: ServerResponse): void => void response.end('[{"id": "');
  test.each<[string, (response: ServerResponse) => void, string, RegExp]>([
    [
      '401',
      (r) => r.writeHead(401).end('{"detail":"Not authenticated"}'),
      'unauthorized',
      /answered 401: the token/,
    ],
    [
      '403',
      (r) => r.writeHead(403).end('{"detail":{"msg":"Invalid token"}}'),
      'unauthorized',
      /answered 403: the token/,
    ],
    ['422', (r) => r.writeHead(422).end('{}'), 'refused', /answered 422: .*version/],
    ['500', (r) => r.writeHead(500).end('PLANTED'), 'failing', /answered 500/],
    ['half a JSON', half, 'unreadable', /no JSON, or was cut off/],
    ['another JSON', (r) => r.end('{"detail": "PLANTED"}'), 'unreadable', /another JSON than expected/],
    ['nothing for too long', () => undefined, 'slow', /no answer within 2 s/],
    ['a closed connection', (r) => r.destroy(), 'away', /./],
  ])('%s: one line, the state stays, and nothing is lost', async (_, answer, fault, detail) => {
    const run = running(at, 'train');
    const before = await readOn(plane, undefined);
    finish(at, run);
    at.fault = (_path, response) => {
      answer(response);
      return true;
    };
    const advance: Advance = await plane.advance(JSON.parse(before.state));
    expect(advance).toMatchObject({
      kind: 'unavailable',
      fault,
      detail: expect.stringMatching(detail) as string,
    });
    expect(JSON.stringify(advance)).not.toMatch(/PLANTED|\n/);
    expect(await metric(`requests_total{call="events",result="${fault}"}`)).toBeGreaterThan(0);
    at.fault = undefined;
    const { facts } = await readOn(plane, before.state);
    await expectAsFound([...before.facts, ...facts]);
  });

  test('a fault in the middle of a piece: the piece is read again as a whole', async () => {
    running(at, 'a');
    running(at, 'b');
    let asked = 0;
    const facts: Fact[] = [];
    let state: string | undefined;
    at.fault = (_path, response) => {
      if (asked++ % 7 !== 5) return false;
      response.writeHead(502).end();
      return true;
    };
    for (let phase = 'snapshot'; phase === 'snapshot';) {
      const advance = await plane.advance(state === undefined ? undefined : JSON.parse(state));
      if (advance.kind === 'unavailable') continue;
      facts.push(...advance.facts);
      state = JSON.stringify(advance.state);
      ({ phase } = advance);
    }
    at.fault = undefined;
    await expectAsFound(facts);
  });

  test('fields that are new change nothing; rows that are not as expected are left out and counted', async () => {
    const run = running(at, 'train');
    Object.assign(run, { brand_new: { deep: [1] } });
    const bad = submitRun(at, 'bad');
    Object.assign(bad, { submitted_at: 'yesterday' });
    const { facts } = await readOn(plane, undefined);
    expect(facts.filter(({ type }) => type === 'fleetmeter.run.submitted.v1')).toHaveLength(1);
    expect(await metric('unreadable_rows_total{call="runs"}')).toBeGreaterThan(0);
  });

  test('messages that are new are counted, and the rest is read', async () => {
    const run = running(at, 'train');
    const { state } = await readOn(plane, undefined);
    record(at, 'Run contemplated. Mood: GOOD', { type: 'run', id: run.id, name: 'train', run: run.id });
    finish(at, run);
    const { facts } = await readOn(plane, state);
    expect(facts.map(({ type }) => type)).toContain('fleetmeter.run.finished.v1');
    expect(await metric('unknown_messages_total')).toBe(1);
  });

  test('requests hold what is needed and no more: a field that a server does not know makes it refuse them', async () => {
    running(at, 'train');
    await readOn(plane, undefined);
    const known = {
      '/api/events/list': [
        'ascending',
        'include_target_types',
        'limit',
        'prev_id',
        'prev_recorded_at',
        'target_instances',
        'within_runs',
      ],
      '/api/runs/list': ['ascending', 'limit', 'only_active', 'prev_run_id', 'prev_submitted_at'],
      '/api/instances/list': ['ascending', 'limit', 'only_active', 'prev_created_at', 'prev_id'],
    };
    for (const [path, fields] of Object.entries(known)) {
      const used = at.requests
        .filter((request) => request.path === path)
        .flatMap(({ body }) => Object.keys(body));
      expect(used.length).toBeGreaterThan(0);
      expect([...new Set(used)].filter((field) => !fields.includes(field))).toEqual([]);
    }
  });
});

test('what is secret there is in no fact and no state', async () => {
  const run = running(at, 'train');
  finish(at, run, 'failed');
  const { facts, state } = await readOn(plane, undefined);
  const written = `${linesOf(facts).join('\n')}${state}`;
  expect(written).toContain('team');
  expect(JSON.stringify(at.rows.runs)).toContain(SECRETS[3]);
  for (const secret of SECRETS) expect(written).not.toContain(secret);
});

test('an event that is committed late, behind others, is not missed', async () => {
  const run = running(at, 'train');
  let { state, facts } = await readOn(plane, undefined);
  const all = [...facts];
  finish(at, run);
  // The run's end is there, and its job's is seen only later though it is recorded before.
  const late = at.rows.events.splice(-3, 2);
  ({ state, facts } = await readOn(plane, state));
  all.push(...facts);
  at.rows.events.push(...late);
  ({ facts } = await readOn(plane, state));
  all.push(...facts);
  expect(facts.map(({ type }) => type)).toContain('fleetmeter.job.status_changed.v1');
  await expectAsFound(all);
});

test('of an instance that a fleet gives up without an event, who looks in between knows no more than who comes later', async () => {
  const instance = createInstance(at, 'i-0');
  setInstance(at, instance, 'provisioning');
  setInstance(at, instance, 'idle');
  const first = await readOn(plane, undefined);
  at.pass(7200);
  setInstance(at, instance, 'terminating', true);
  const second = await readOn(world.open(), first.state);
  expect(second.facts.map(idOf).filter((id) => !first.facts.map(idOf).includes(id))).toEqual([]);
  at.pass(90);
  setInstance(at, instance, 'terminated');
  const third = await readOn(plane, second.state);
  expect(third.facts.map(({ type }) => type)).toEqual(['fleetmeter.instance.terminated.v1']);
  await expectAsFound([...first.facts, ...third.facts]);
});

test('where dstack has no time of an end, it is that of the event, though the row is seen first', async () => {
  const instance = createInstance(at, 'i-0');
  setInstance(at, instance, 'provisioning');
  const first = await readOn(plane, undefined);
  at.pass(300);
  record(at, 'Instance became reachable', { type: 'instance', id: instance.id, name: 'i-0' });
  setInstance(at, instance, 'idle');
  setInstance(at, instance, 'terminated');
  instance['finished_at'] = null;
  // The row is committed, and its event is seen a moment later.
  const late = at.rows.events.splice(-1);
  const second = await readPiece(plane, first.state);
  expect(second.facts.map(({ type }) => type)).not.toContain('fleetmeter.instance.terminated.v1');
  at.rows.events.push(...late);
  const third = await readPiece(plane, second.state);
  expect(third.facts.at(-1)?.type).toBe('fleetmeter.instance.terminated.v1');
  await expectAsFound([...first.facts, ...second.facts, ...third.facts]);
});

test.each([true, false])(
  'an instance that waits for a machine is pending, and costs nothing (events: %s)',
  async (hasEvents) => {
    at.hasEvents = hasEvents;
    createInstance(at, 'i-0');
    at.pass(3600);
    const { facts } = await readOn(plane, undefined);
    const page = ledgerOf(facts, world.nowMs());
    expect(page).toMatch(/^fleetmeter_instances\{dstack_project_name="alpha",status="pending"\} 1$/m);
    expect(page).not.toMatch(/^dstack_instance_/m);
  },
);

test('without events lists tell all that they can, and are asked for soon again', async () => {
  at.hasEvents = false;
  const run = running(at, 'train');
  const first = await readOn(plane, undefined);
  expect(first.facts.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'fleetmeter.job.provisioned.v1',
      'fleetmeter.run.status_changed.v1',
      'fleetmeter.instance.status_changed.v1',
    ]),
  );
  finish(at, run, 'failed');
  const other = running(at, 'second');
  const second = await readOn(plane, first.state);
  const told = second.facts.map((fact) => fact.type.split('.').slice(1, 3).join('.'));
  expect(told).toEqual(
    expect.arrayContaining([
      'run.finished',
      'job.finished',
      'run.submitted',
      'job.provisioned',
      'instance.started',
    ]),
  );
  const page = ledgerOf([...first.facts, ...second.facts], world.nowMs());
  expect(page).toMatch(new RegExp(`^dstack_job_price.*${jobOf(other).id}.* 98.32$`, 'm'));
  expect(page).toMatch(/^dstack_run_count_failed_total.* 1$/m);
});

test('a retry whose row dstack has deleted is told by its events', async () => {
  const run = submitRun(at, 'train');
  const first = jobOf(run);
  setJob(at, run, first, 'terminating', 'FAILED_TO_START_DUE_TO_NO_CAPACITY');
  setJob(at, run, first, 'failed');
  submitJob(at, run, 0);
  run.jobs[0]?.job_submissions.shift();
  at.pass(60);
  const { facts } = await readOn(plane, undefined);
  expect(ledgerOf(facts, world.nowMs())).toMatch(/^fleetmeter_jobs_finished_total\{.*status="failed"\} 1$/m);
  expect(ledgerOf(facts, world.nowMs())).toMatch(/reason="failed_to_start_due_to_no_capacity"\} 1$/m);
});

test('of a job with more submissions than a list has, all are told', async () => {
  const run = submitRun(at, 'train');
  for (let n = 0; n < 14; n++) {
    setJob(at, run, jobOf(run), 'terminating', 'FAILED_TO_START_DUE_TO_NO_CAPACITY');
    setJob(at, run, jobOf(run), 'failed');
    submitJob(at, run, 0);
  }
  const { facts } = await readOn(plane, undefined);
  expect(facts.filter(({ type }) => type === 'fleetmeter.job.submitted.v1')).toHaveLength(15);
});

test('a user that is deleted keeps its name here; whoever comes later knows the other one, and together the name holds', async () => {
  const run = running(at, 'train');
  const first = await readOn(plane, undefined);
  for (const each of at.rows.runs) each.user = '_deleted_1795_ab12';
  finish(at, run);
  const second = await readOn(plane, first.state);
  const followed = [...first.facts, ...second.facts];
  const found = (await readOn(world.open(), undefined)).facts;
  const atMs = world.nowMs();
  expect(ledgerOf(followed, atMs)).toMatch(/dstack_run_count_total\{.*dstack_user_name="ann"\} 1/);
  expect(ledgerOf(found, atMs)).toMatch(
    /dstack_run_count_total\{.*dstack_user_name="_deleted_1795_ab12"\} 1/,
  );
  expect(ledgerOf([...followed, ...found], atMs)).toBe(ledgerOf(followed, atMs));
  expect(ledgerOf([...found, ...followed], atMs)).toBe(ledgerOf(followed, atMs));
});

test('what is gone with its project ended when it was last seen, if the token sees all there is', async () => {
  running(at, 'train');
  const first = await readOn(plane, undefined);
  at.pass(7200);
  const seen = await readOn(plane, first.state);
  at.rows.runs.length = 0;
  at.rows.instances.length = 0;
  at.pass(7200);
  at.fault = (path, response) => {
    if (path !== '/api/users/get_my_user') return false;
    response.end('{"global_role": "user"}');
    return true;
  };
  expect((await readOn(world.open(), seen.state)).facts).toEqual([]);
  at.fault = undefined;
  const gone = await readOn(world.open(), seen.state);
  expect(gone.facts.map(({ type }) => type).sort()).toEqual([
    'fleetmeter.instance.terminated.v1',
    'fleetmeter.job.finished.v1',
    'fleetmeter.run.finished.v1',
  ]);
  expect(
    gone.facts.every(
      ({ atMicros }) => atMicros > at.nowMicros() - 7300e6 && atMicros < at.nowMicros() - 7100e6,
    ),
  ).toBe(true);
});

test.each([300_000, -300_000])(
  "a clock %i ms ahead is dstack's own: what it tells is by it, and it is measured",
  async (aheadMs) => {
    const moved = await openDstackWorld(() => [], aheadMs);
    try {
      const { standIn } = moved;
      standIn.hasEvents = false;
      const instance = createInstance(standIn, 'i-0');
      standIn.pass(100);
      setInstance(standIn, instance, 'provisioning');
      setInstance(standIn, instance, 'idle');
      standIn.pass(100);
      const { facts } = await readOn(moved.open(), undefined);
      const idle = facts.at(-1);
      expect(idle?.data).toMatchObject({ status: 'idle' });
      expect(Math.abs((idle?.atMicros ?? 0) - standIn.nowMicros())).toBeLessThan(2e6);
      const page = await moved.metrics.registry.metrics();
      const ahead = Number(/^fleetmeter_bridge_clock_ahead_seconds (.*)$/m.exec(page)?.[1]);
      expect(Math.abs(ahead - aheadMs / 1000)).toBeLessThanOrEqual(1);
    } finally {
      await moved.close();
    }
  },
);

test('a piece of the snapshot is a page: 250 runs are three, and it goes on in the middle', async () => {
  for (let n = 0; n < 250; n++) {
    submitRun(at, `r-${String(n)}`);
    at.pass(1);
  }
  const facts: Fact[] = [];
  let state: string | undefined;
  let pieces = 0;
  for (let phase = 'snapshot'; phase === 'snapshot'; pieces++) {
    const piece = await readPiece(world.open(), state);
    expect(piece.facts.length).toBeLessThanOrEqual(200);
    facts.push(...piece.facts);
    ({ state, phase } = piece);
  }
  expect(pieces).toBeGreaterThan(5);
  expect(facts.filter(({ type }) => type === 'fleetmeter.run.submitted.v1')).toHaveLength(250);
});

test('a token that is revoked midway: said, and nothing is lost when there is another one', async () => {
  const run = running(at, 'train');
  const facts: Fact[] = [];
  let asked = 0;
  at.fault = (path, response) => {
    if (path === '/metrics' || asked++ < 3) return false;
    response.writeHead(403).end('{"detail":{"msg":"Invalid token"}}');
    return true;
  };
  let state: string | undefined;
  let advance = await plane.advance(undefined);
  for (; advance.kind === 'advanced'; advance = await plane.advance(JSON.parse(state))) {
    facts.push(...advance.facts);
    state = JSON.stringify(advance.state);
  }
  expect(advance).toMatchObject({
    fault: 'unauthorized',
    detail: expect.stringMatching(/revoked/) as string,
  });
  finish(at, run);
  at.fault = undefined;
  facts.push(...(await readOn(plane, state)).facts);
  await expectAsFound(facts);
});
