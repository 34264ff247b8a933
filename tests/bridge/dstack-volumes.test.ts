/**
 * What a volume costs, by dstack's lists: it has a price of a month, and no way to ask for one volume by its
 * id.
 */
import type { Fact } from '../../services/bridge/fact';
import type { ControlPlane } from '../../services/bridge/port';
import { openDstackWorld, type DstackWorld } from './dstack-world';
import { createVolume, setVolume } from './happenings';
import { ledgerOf, readOn } from './reading';
import type { StandIn } from './stand-in';

let world: DstackWorld;
let plane: ControlPlane;
let at: StandIn;
beforeEach(async () => {
  world = await openDstackWorld(() => []);
  plane = world.open();
  at = world.standIn;
});
afterEach(() => world.close());

/** Our figures of volumes, without their labels, to a tenth of a cent. */
function figuresOf(facts: readonly Fact[]): string[] {
  const lines = ledgerOf(facts, world.nowMs()).split('\n');
  return lines
    .filter((line) => /^fleetmeter_(?:volume|storage)_/.test(line))
    .map((line) => [line.replace(/\{.*/, ''), Number(Number(line.split(' ').at(-1)).toFixed(3))].join(' '))
    .sort();
}

/** Exists for ten hours by then, of which it was being made for the first. */
async function made(): Promise<{ readonly facts: readonly Fact[]; readonly state: string }> {
  const volume = createVolume(at, 'data');
  const first = await readOn(plane, undefined);
  at.pass(3600);
  setVolume(at, volume, 'active');
  at.pass(9 * 3600);
  const { facts, state } = await readOn(plane, first.state);
  return { facts: [...first.facts, ...facts], state };
}

test.each([true, false])(
  'it costs from its creation, a 720th of its monthly price an hour (events: %s)',
  async (hasEvents) => {
    at.hasEvents = hasEvents;
    const { facts } = await made();
    expect(figuresOf(facts)).toEqual([
      'fleetmeter_storage_cost_dollars_total 0.1',
      'fleetmeter_volume_cost_dollars_total 0.1',
      'fleetmeter_volume_price_dollars_per_hour 0.01',
      `fleetmeter_volume_size_bytes ${String(100 * 1024 ** 3)}`,
    ]);
    expect(ledgerOf(facts, world.nowMs())).toMatch(
      /^fleetmeter_volume_cost.*\{dstack_project_name="alpha",dstack_user_name="ann",dstack_volume_name="data",.*dstack_region="eu-1"\}/m,
    );
  },
);

test('until it is deleted, by the time that dstack has of that; who comes later finds the same', async () => {
  const { facts, state } = await made();
  for (const volume of at.rows.volumes) setVolume(at, volume);
  at.pass(3600);
  const end = await readOn(plane, state);
  expect(end.facts.map(({ type }) => type)).toEqual(['fleetmeter.volume.deleted.v1']);
  const all = [...facts, ...end.facts];
  expect(figuresOf(all)).toEqual(['fleetmeter_storage_cost_dollars_total 0.1']);
  const found = (await readOn(world.open(), undefined)).facts;
  expect(ledgerOf(found, world.nowMs())).toBe(ledgerOf(all, world.nowMs()));
});

test('one that could not be made ended then; one that is gone with its project, when it was last seen', async () => {
  const failed = createVolume(at, 'failed');
  const gone = createVolume(at, 'gone');
  const first = await readOn(plane, undefined);
  const seenMicros = at.nowMicros();
  setVolume(at, failed, 'failed');
  at.rows.volumes.splice(1);
  at.pass(7200);
  const { facts } = await readOn(plane, first.state);
  const ends = facts.filter(({ type }) => type === 'fleetmeter.volume.deleted.v1');
  expect(ends.map(({ atMicros, data }) => [data, atMicros - seenMicros < 10_000])).toEqual([
    [{ volume: { id: gone.id }, reason: 'vanished' }, true],
    [{ volume: { id: failed.id }, reason: 'failed' }, true],
  ]);
});
