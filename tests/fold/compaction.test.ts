/** Long timelines: what lies beyond lateness is folded into a prefix, and no figure shows it. */
import fc from 'fast-check';
import { addFact, compactEntity, emptyEntity, timelineOf, type Entity } from '../../services/fold/entity';
import { factOf } from '../../services/fold/kinds';
import { foldNaively } from '../oracle/index';
import { pageOf } from '../support/folded';
import { openRandom } from '../support/history-random';
import { differencesOf, readPage } from '../support/page-series';
import { foldInSteps } from '../support/stepped-fold';
import { instanceStarted, jobProvisioned, jobSubmitted, tellLifecycle, type Told } from '../support/told';
import { depth } from '../support/depth';

const LATENESS = 60_000;
const SETTINGS = { partitions: 1, latenessMs: LATENESS, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000 };
const START = Date.UTC(2026, 10, 24, 8);

/**
 * Hundreds of prices and statuses of one instance, one job and one run, each line out of order by up to the
 * lateness.
 */
function longLives(seed: number, count: number): { lines: string[]; newestMs: number } {
  const random = openRandom(seed);
  const told: Told[] = [
    { ...instanceStarted('i'), atMs: START },
    { ...jobSubmitted('j'), atMs: START },
    { ...jobProvisioned('j', {}, { blocks: { used: 3, total: 7 } }), atMs: START + 1 },
    {
      type: 'run.submitted',
      data: { project: 'p', user: 'u', run: { id: 'r', name: 'r', type: 'task' } },
      atMs: START,
    },
  ];
  let nowMs = START;
  for (let index = 0; index < count; index++) {
    nowMs += random.integer(0, 4000);
    told.push({ ...happening(random.integer(0, 4), random.pick(PRICES), random.integer(0, 3)), atMs: nowMs });
  }
  const keyed = told.map((each) => ({ each, key: each.atMs + random.next() * LATENESS }));
  keyed.sort((a, b) => a.key - b.key);
  return { lines: keyed.map(({ each }, index) => lineOf(each, index)), newestMs: nowMs };
}

const PRICES = [0, 0.1, 2.675, 98.32, 1e6, 12.3456789];
const INSTANCE = ['idle', 'busy', 'pending', 'terminating'];
const RUN = ['pending', 'submitted', 'provisioning', 'running'];

function happening(what: number, dollars: number, which: number): Pick<Told, 'type' | 'data'> {
  const price = { dollars_per_hour: dollars };
  const job = { run: { id: 'r' }, job: { id: 'j' } };
  switch (what) {
    case 0:
      return { type: 'instance.price_changed', data: { instance: { id: 'i' }, price } };
    case 1:
      return { type: 'instance.status_changed', data: { instance: { id: 'i' }, status: INSTANCE[which] } };
    case 2:
      return { type: 'job.price_changed', data: { ...job, price } };
    case 3:
      return { type: 'job.status_changed', data: { ...job, status: 'running' } };
    default:
      return { type: 'run.status_changed', data: { run: { id: 'r' }, status: RUN[which] } };
  }
}

function lineOf({ type, atMs, data }: Told, index: number): string {
  const time = new Date(atMs).toISOString();
  return JSON.stringify({
    specversion: '1.0',
    id: `e${index}`,
    source: '/s',
    type: `fleetmeter.${type}.v1`,
    time,
    data,
  });
}

test('a page after the cut equals the oracle’s', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.constantFrom(0, 1, 500, 100_000),
      (seed, laterMs) => {
        const { lines, newestMs } = longLives(seed, 900);
        const pageTimes = [newestMs + laterMs];
        const stepped = foldInSteps(lines, {
          seed,
          settings: SETTINGS,
          pageTimes,
          settleChance: 0.05,
          handOverChance: 0.1,
        });
        const naive = foldNaively(lines, { ...SETTINGS, pageTimes });
        expect(differencesOf(naive.series, readPage(pageOf({ ...stepped, atMs: null })))).toEqual([]);
        // About 180 facts of each kind there were, and some 30 are within the lateness.
        const entities = [...(stepped.views[0]?.entities.values() ?? [])];
        expect(entities).toHaveLength(3);
        for (const { facts, prefix } of entities) {
          expect(facts.length).toBeLessThan(120);
          expect(prefix).not.toBeNull();
          if (prefix !== null && 'cost' in prefix) expect(prefix.cost.startsMs.length).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: depth(8, 100) },
  );
});

function entityOfAll(told: readonly Told[]): Entity {
  const events = told.map(tellLifecycle);
  const [first] = events;
  if (first === undefined) throw new Error('nothing told');
  return events.reduce(
    (entity, event) => addFact(entity, factOf(event), event.timeMs, false),
    emptyEntity(first.about, first.timeMs, first.timeMs),
  );
}

const price = (atMs: number) => ({ ...happening(0, atMs % 7, 0), atMs });

describe('compactEntity leaves alone', () => {
  const prices = Array.from({ length: 100 }, (_, index) => price(index));
  const described = [{ ...instanceStarted('i'), atMs: 0 }, ...prices];

  test('what has few facts, or few of them before the cut', () => {
    const few = entityOfAll(described.slice(0, 60));
    const many = entityOfAll(described);
    expect(compactEntity(few, 1000)).toBe(few);
    expect(compactEntity(many, 20)).toBe(many);
    expect(compactEntity(many, 90)).not.toBe(many);
  });

  test('what can still get an earlier description, or is finished', () => {
    const undescribed = entityOfAll(prices);
    const unplaced = entityOfAll([
      { ...jobSubmitted('j'), atMs: 0 },
      ...prices.map(({ atMs }) => ({ ...happening(2, 1, 0), atMs })),
    ]);
    const finished = entityOfAll([
      ...described,
      { type: 'instance.terminated', data: { instance: { id: 'i' } }, atMs: 200 },
    ]);
    for (const entity of [undescribed, unplaced, finished]) expect(compactEntity(entity, 1000)).toBe(entity);
  });

  test('what is at the cut or after it: it may get an earlier neighbour', () => {
    const compacted = compactEntity(entityOfAll(described), 90);
    expect(compacted.facts.map(({ timeMs }) => timeMs)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    expect(timelineOf(compacted)).toMatchObject({ startMs: 0, nanoDollarsPerHour: 1e9 });
  });
});
