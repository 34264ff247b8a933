/**
 * Lists that can't be read to their end as they are: rows that nobody can read, and more events than a piece
 * takes.
 */
import type { Fact } from '../../services/bridge/fact';
import type { ControlPlane } from '../../services/bridge/port';
import { finish, running } from './dstack-life';
import { openDstackWorld, type DstackWorld } from './dstack-world';
import { readOn, readPiece } from './reading';
import { record, setRun, submitRun } from './happenings';
import { type RunJson, type StandIn } from './stand-in';

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

const submitMany = (count: number): RunJson[] =>
  Array.from({ length: count }, (_, n) => {
    at.pass(7);
    return submitRun(at, `r-${String(n)}`);
  });
const submittedOf = (facts: readonly Fact[]): number =>
  facts.filter(({ type }) => type === 'fleetmeter.run.submitted.v1').length;

test('a page of a hundred rows that we can not read: it goes on behind them', async () => {
  for (const run of submitMany(330).slice(50, 270)) Object.assign(run, { status: 5 });
  const { facts } = await readOn(plane, undefined);
  expect(submittedOf(facts)).toBe(110);
  expect(await unreadableRuns()).toBeGreaterThanOrEqual(220);
});

test('a page of a hundred rows that dstack leaves out: it goes on behind them, in the snapshot and in a list of all', async () => {
  const runs = submitMany(330);
  for (let n = 50; n < 270; n++) at.hidden.add(`r-${String(n)}`);
  const { facts, state } = await readOn(plane, undefined);
  expect(submittedOf(facts)).toBe(110);
  at.hasEvents = false;
  for (const run of runs.slice(-2)) setRun(at, run, 'done');
  const next = await readOn(world.open(), state);
  expect(next.facts.map(({ type }) => type)).toEqual(Array(2).fill('fleetmeter.run.finished.v1'));
});

test('more events in the overlap than a piece reads: it comes to their end, a piece after the other', async () => {
  const run = running(at, 'train');
  const { state } = await readOn(plane, undefined);
  const target = { type: 'run', id: run.id, name: 'train', run: run.id };
  for (let n = 0; n < 1300; n++) record(at, 'Run updated', target);
  finish(at, run);
  const all: Fact[] = [];
  let pieces = 0;
  let piece = await readPiece(plane, state);
  for (; piece.phase === 'behind'; pieces++) {
    all.push(...piece.facts);
    piece = await readPiece(plane, piece.state);
  }
  all.push(...piece.facts);
  expect(pieces).toBe(2);
  expect(all.map(({ type }) => type)).toContain('fleetmeter.run.finished.v1');
  // All that was read is in the overlap of the next piece.
  for (let n = 0; n < 10; n++) record(at, 'Run updated', target);
  submitRun(at, 'later');
  expect(submittedOf((await readOn(plane, piece.state)).facts)).toBe(1);
});

test.each<[string, (run: RunJson) => void]>([
  ['dstack answers 500 for', () => undefined],
  ['we can not read', (run) => Object.assign(run, { user: 5 })],
])(
  'one row that %s: all else goes on, it has not vanished, and is told when it can be read',
  async (_, spoil) => {
    const [bad, good] = [running(at, 'bad'), running(at, 'good')];
    const first = await readOn(plane, undefined);
    const user = bad.user;
    spoil(bad);
    at.fault = (path, response) => {
      if (bad.user !== user || !path.endsWith('/runs/get') || at.requests.at(-1)?.body['id'] !== bad.id)
        return false;
      response.writeHead(500).end();
      return true;
    };
    finish(at, bad);
    finish(at, good);
    at.pass(7200);
    const second = await readPatiently(first.state);
    expect(finishedRuns(second.facts)).toEqual([good.id]);
    at.fault = undefined;
    bad.user = user;
    at.pass(7200);
    const third = await readPatiently(second.state);
    expect(finishedRuns(third.facts)).toEqual([bad.id]);
  },
);

/** As a bridge does: again from where it was. */
async function readPatiently(
  from: string,
): Promise<{ readonly facts: readonly Fact[]; readonly state: string }> {
  const facts: Fact[] = [];
  for (let state = from; ;) {
    const piece = await plane.advance(JSON.parse(state));
    if (piece.kind === 'unavailable') continue;
    facts.push(...piece.facts);
    state = JSON.stringify(piece.state);
    if (piece.phase === 'changes') return { facts, state };
  }
}

function finishedRuns(facts: readonly Fact[]): unknown[] {
  return facts.flatMap((fact) => (fact.type === 'fleetmeter.run.finished.v1' ? [fact.data.run.id] : []));
}

async function unreadableRuns(): Promise<number> {
  const page = await world.metrics.registry.metrics();
  return Number(/^fleetmeter_bridge_unreadable_rows_total\{call="runs"\} (.*)$/m.exec(page)?.[1]);
}
