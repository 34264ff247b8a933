import { pino } from 'pino';
import { openOutbox, type Delivery } from '../../services/collector/outbox';

/** An outbox over a log that answers as it is told, and what came of it. */
function open(answer: (batch: readonly string[]) => Delivery | Promise<Delivery> = () => DELIVERED) {
  const batches: (readonly string[])[] = [];
  const delivered: [number, number][] = [];
  const said: string[] = [];
  const outbox = openOutbox({
    deliver: async (events) => {
      batches.push(events);
      return answer(events);
    },
    logger: pino({}, { write: (line: string) => said.push(line) }),
    onDelivered: (events, rejected) => delivered.push([events, rejected.length]),
  });
  return { outbox, batches, delivered, said };
}

const DELIVERED: Delivery = { kind: 'delivered', rejected: [] };
const AWAY: Delivery = { kind: 'unavailable', detail: 'away' };

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('events are gathered; the later of a key takes the place of the earlier', async () => {
  const { outbox, batches, delivered } = open();
  outbox.put('a', 'a1');
  outbox.put('b', 'b1');
  outbox.put('a', 'a2');
  await jest.advanceTimersByTimeAsync(1000);
  expect(batches).toEqual([['a2', 'b1']]);
  expect(delivered).toEqual([[2, 0]]);
  outbox.put('c', 'c1');
  await jest.advanceTimersByTimeAsync(1000);
  expect(batches).toEqual([['a2', 'b1'], ['c1']]);
});

test('a batch stays below what a gateway takes', async () => {
  const { outbox, batches } = open();
  for (const key of 'abcde') outbox.put(key, key.repeat(900_000));
  await jest.advanceTimersByTimeAsync(1000);
  expect(batches.map((batch) => batch.length)).toEqual([4, 1]);
});

test('while the log is away events wait, the newest of each, and it is said once', async () => {
  let isAway = true;
  const { outbox, batches, said } = open(() => (isAway ? AWAY : DELIVERED));
  outbox.put('a', 'a1');
  outbox.put('b', 'b1');
  await jest.advanceTimersByTimeAsync(10_000);
  expect(outbox.isUp()).toBe(false);
  const attempts = batches.length;
  expect(attempts).toBeGreaterThan(1);
  expect(attempts).toBeLessThan(8);
  outbox.put('a', 'a2');
  isAway = false;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(batches.slice(attempts)).toEqual([['a2', 'b1']]);
  expect(outbox.isUp()).toBe(true);
  expect(said.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'the log takes no events',
    'the log takes events again',
  ]);
});

test('what comes in while a batch that fails is under way is newer than what that batch had', async () => {
  const { outbox, batches } = open(() => {
    if (batches.length > 1) return DELIVERED;
    outbox.put('a', 'a2');
    return AWAY;
  });
  outbox.put('a', 'a1');
  await jest.advanceTimersByTimeAsync(5000);
  expect(batches).toEqual([['a1'], ['a2']]);
});

test('there is no room while too much waits', async () => {
  let isAway = true;
  const { outbox } = open(() => (isAway ? AWAY : DELIVERED));
  for (let i = 0; i < 64; i++) {
    expect(outbox.hasRoom()).toBe(true);
    outbox.put(String(i), 'x'.repeat(1_000_000));
  }
  expect(outbox.hasRoom()).toBe(false);
  isAway = false;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(outbox.hasRoom()).toBe(true);
});

test('events that are refused are told, and do not come again', async () => {
  const rejected = [{ reason: 'from_the_future', detail: 'time' }];
  const { outbox, batches, delivered } = open(() => ({ kind: 'delivered', rejected }));
  outbox.put('a', 'a1');
  outbox.put('b', 'b1');
  await jest.advanceTimersByTimeAsync(10_000);
  expect([batches.length, delivered]).toEqual([1, [[1, 1]]]);
});

test('closing sends what is left at once, and does not wait for a log that is away', async () => {
  const { outbox, batches } = open();
  outbox.put('a', 'a1');
  await outbox.close();
  expect(batches).toEqual([['a1']]);
  const away = open(() => AWAY);
  away.outbox.put('a', 'a1');
  await away.outbox.close();
  expect(away.batches.length).toBeLessThanOrEqual(2);
});
