/** A bridge that has lost its state begins with a snapshot again: the same events, which change no figure. */
import type { Fact } from '../../services/bridge/fact';
import { finish, jobOf, running } from './dstack-life';
import { openDstackWorld, type DstackWorld } from './dstack-world';
import { createInstance, setInstance, setJob, setRun } from './happenings';
import { linesOf, readOn } from './reading';
import type { StandIn } from './stand-in';
import { foldLines, pageOf } from '../support/folded';
import { DEFAULT_SETTINGS } from '../support/history';

let world: DstackWorld;
let at: StandIn;
beforeEach(async () => {
  world = await openDstackWorld(() => []);
  at = world.standIn;
});
afterEach(() => world.close());

const HOUR = 3600;

/** The ledger of the facts, and how many were refused. */
function folded(facts: readonly Fact[]): { readonly page: string; readonly refused: readonly string[] } {
  const fold = foldLines(linesOf(facts), DEFAULT_SETTINGS, world.nowMs() + 60_000);
  return { page: pageOf(fold), refused: fold.dead.map(({ reason }) => reason) };
}

/** A machine that is used each so many hours for a week, and runs that come and go; as it is followed. */
async function week(hours: number): Promise<Fact[]> {
  const plane = world.open();
  const facts: Fact[] = [];
  let state: string | undefined;
  const instance = createInstance(at, 'i-0');
  setInstance(at, instance, 'provisioning');
  const long = running(at, 'long');
  for (let passed = 0; passed < 7 * 24; passed += hours) {
    setInstance(at, instance, passed % (2 * hours) === 0 ? 'idle' : 'busy');
    finish(at, running(at, `run-${String(passed)}`));
    at.pass(hours * HOUR);
    const read = await readOn(plane, state);
    facts.push(...read.facts);
    ({ state } = read);
  }
  setRun(at, long, 'terminating', 'STOPPED_BY_USER');
  setJob(at, long, jobOf(long), 'terminating', 'TERMINATED_BY_USER');
  return [...facts, ...(await readOn(plane, state)).facts];
}

test('soon after: nothing is refused', async () => {
  running(at, 'train');
  finish(at, running(at, 'fine-tune'));
  at.pass(20 * HOUR);
  const followed = (await readOn(world.open(), undefined)).facts;
  const again = (await readOn(world.open(), undefined)).facts;
  expect(again).toEqual(followed);
  expect(folded([...followed, ...again])).toEqual({ page: folded(followed).page, refused: [] });
});

test('after a week: what is too old to be told again is refused as such, and no figure changes', async () => {
  const followed = await week(11);
  const again = (await readOn(world.open(), undefined)).facts;
  const before = folded(followed);
  expect(before.refused).toEqual([]);
  const after = folded([...followed, ...again]);
  expect(after.page).toBe(before.page);
  expect(new Set(after.refused)).toEqual(new Set(['too_late']));
  expect(after.refused.length).toBeLessThan(again.length);
});
