/** What only some logs have: offsets without a record, and records that can't be unpacked. */
import type { AppendRecord, EventLog, PartitionOwner } from '../../services/log/port';
import { until } from '../log/until';
import { runSubmitted, tell } from '../support/told';
import { openWorld, recordOf, type World } from './world';

const END = 7;

let world: World;
let owner: PartitionOwner;
let appended: AppendRecord[];

/** A log that hands over what the test says; its partition 0 ends at END. */
function byHand(log: EventLog): EventLog {
  return {
    ...log,
    append: async (records) => {
      appended.push(...records);
      return { kind: 'appended' };
    },
    bounds: async () => ({
      kind: 'bounds',
      partitions: Array.from({ length: log.partitions }, (_, number) => ({
        start: 0,
        end: number === 0 ? END : 0,
      })),
      askedAtMs: performance.now(),
    }),
    own: async (given) => {
      owner = given;
      return {
        owned: () => [0],
        lastFetchAtMs: () => performance.now(),
        restart: () => undefined,
        committed: () => undefined,
        close: async () => undefined,
      };
    },
  };
}

beforeEach(async () => {
  appended = [];
  world = await openWorld();
  await world.start({ log: byHand(world.log) });
});
afterEach(() => world.close());

test('offsets without a record, at the end too, are passed, and page time follows the clock', async () => {
  const startMs = Date.now();
  expect(await owner.begin(0)).toEqual({ lifecycle: 0, telemetry: 0 });
  const { value } = recordOf(tell({ ...runSubmitted('r'), atMs: startMs }));
  const record = { partition: 0, offset: 2, appendTimeMs: startMs - 60_000, key: null, value };
  expect(await owner.records('lifecycle', 0, [record], 4)).toBe(1);
  expect(world.applied.at(-1)?.head).toMatchObject({ positions: { lifecycle: 4 } });
  expect(await owner.records('lifecycle', 0, [], END)).toBe(0);
  await until('page time is the clock', () => (world.applied.at(-1)?.head.pageTimeMs ?? 0) >= startMs);
  expect(world.applied.at(-1)?.head.positions).toEqual({ lifecycle: END, telemetry: 0 });
});

test('a record that can not be unpacked is a dead letter that says why', async () => {
  await owner.begin(0);
  const unreadable = 'a batch of 486 KB that becomes more than 64 MB';
  const record = { partition: 0, offset: 0, appendTimeMs: Date.now(), key: null, value: null, unreadable };
  expect(await owner.records('lifecycle', 0, [record], END)).toBe(1);
  expect(appended.map(({ topic, value }) => [topic, JSON.parse(value.toString()) as unknown])).toEqual([
    [
      'dead-letter',
      expect.objectContaining({
        reason: 'invalid_json',
        detail: expect.stringContaining(unreadable) as string,
        offset: 0,
        bytes: 0,
      }),
    ],
  ]);
});
