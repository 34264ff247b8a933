import { partitionOf } from '../../events/routing';
import { newestLetters, readLetters, type Found } from '../../services/dead-letters/letters';
import { redrive, type Redriven } from '../../services/dead-letters/redrive';
import { type EventLog } from '../../services/log/port';
import { openMemoryLog, type MemoryLog } from '../archive/memory-log';
import { foldAndRefuse } from './refusing';

const NOW_MS = Date.UTC(2026, 10, 24, 12);
const HOUR_MS = 3_600_000;
let nowMs: number;
let log: MemoryLog;

beforeEach(() => {
  nowMs = NOW_MS;
  log = openMemoryLog({ partitions: 2, now: () => nowMs });
});

function statusChanged(id: string, timeMs: number, extra: object = {}): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/s',
    type: 'fleetmeter.run.status_changed.v1',
    time: new Date(timeMs).toISOString(),
    data: { run: { id: 'r' }, status: 'running', ...extra },
  });
}

/** On the partition of run `r`. */
function put(value: string | Buffer, topic: 'lifecycle' | 'telemetry' = 'lifecycle'): void {
  log.put(topic, partitionOf('r', 2), Buffer.from(value), nowMs);
}

/** In the order of the records. */
async function all(): Promise<Found[]> {
  const found: Found[] = [];
  for await (const one of readLetters(log)) found.push(one);
  return found.sort((a, b) => a.letter.offset - b.letter.offset);
}

async function reasons(): Promise<string[]> {
  return (await all()).map(
    ({ letter, redrivenMs }) => `${letter.reason}${redrivenMs === null ? '' : ' redriven'}`,
  );
}

async function send(isAsked: (found: Found) => boolean = () => true, to: EventLog = log): Promise<Redriven> {
  const redriven = await redrive(to, isAsked, () => nowMs);
  if (redriven.kind === 'unavailable') throw new Error(redriven.detail);
  return redriven;
}

function factsOf(ledgers: Awaited<ReturnType<typeof foldAndRefuse>>): string[] {
  return ledgers.flatMap(({ entities }) =>
    [...entities.values()].flatMap(({ facts }) => facts.map(({ id }) => id)),
  );
}

test('a letter that was written twice is one letter', async () => {
  put('{');
  put(statusChanged('old', NOW_MS - 40 * 24 * HOUR_MS));
  await foldAndRefuse(log);
  await foldAndRefuse(log);
  expect(await reasons()).toEqual(['invalid_json', 'too_late']);
});

test('a record from the future is taken when its time has come; sent again once only', async () => {
  put(statusChanged('early', NOW_MS + HOUR_MS));
  expect(factsOf(await foldAndRefuse(log))).toEqual([]);
  nowMs += 2 * HOUR_MS;
  expect(await send()).toEqual({ kind: 'redriven', sent: 1, before: 0, gone: [], unreadable: [] });
  expect(factsOf(await foldAndRefuse(log))).toEqual(['early']);
  expect(await reasons()).toEqual(['from_the_future redriven']);
  const length = log.records('lifecycle', partitionOf('r', 2)).length;
  expect(await send()).toMatchObject({ sent: 0, before: 1 });
  expect(log.records('lifecycle', partitionOf('r', 2))).toHaveLength(length);
});

test('a record that is too late stays so: its copy has a letter of its own', async () => {
  put(statusChanged('old', NOW_MS - 40 * 24 * HOUR_MS));
  await foldAndRefuse(log);
  await send();
  await foldAndRefuse(log);
  expect(await reasons()).toEqual(['too_late redriven', 'too_late']);
});

test('the whole record is sent, not the letter’s beginning of it, to the partition and topic of its event', async () => {
  const large = statusChanged('large', NOW_MS + HOUR_MS, { note: 'x'.repeat(200_000) });
  put(large);
  const sample = JSON.stringify({
    specversion: '1.0',
    id: 'sample',
    source: '/s',
    type: 'fleetmeter.job.sampled.v1',
    time: new Date(NOW_MS + HOUR_MS).toISOString(),
    data: { run: { id: 'r' }, job: { id: 'j' } },
  });
  put(sample, 'telemetry');
  await foldAndRefuse(log);
  expect(await send()).toMatchObject({ sent: 2 });
  const last = (topic: 'lifecycle' | 'telemetry'): string =>
    String(log.records(topic, partitionOf('r', 2)).at(-1)?.value);
  expect([last('lifecycle'), last('telemetry')]).toEqual([large, sample]);
});

test('what can’t be read, is gone, or is another record by now is not sent', async () => {
  put('{');
  put(Buffer.from([0xff, 0xfe, 0x00]));
  put(statusChanged('early', NOW_MS + HOUR_MS));
  await foldAndRefuse(log);
  const [json, binary, early] = await all();
  expect(binary?.letter.value_base64).toBe('//4A');
  const both = [json?.id, binary?.id];
  const first = await send();
  expect({ ...first, unreadable: first.unreadable.toSorted() }).toMatchObject({ sent: 1, unreadable: both });

  const anew = openMemoryLog({ partitions: 2, now: () => nowMs });
  for (const partition of [0, 1])
    for (const { value } of log.records('dead-letter', partition))
      anew.put('dead-letter', partition, value ?? Buffer.alloc(0), nowMs);
  for (const id of ['a', 'b', 'c'])
    anew.put('lifecycle', partitionOf('r', 2), Buffer.from(statusChanged(id, NOW_MS)), nowMs);
  const second = await send(({ id }) => id !== early?.id, anew);
  expect({ ...second, gone: second.gone.toSorted() }).toMatchObject({ sent: 0, gone: both });
  anew.trim('lifecycle', partitionOf('r', 2), 3);
  expect(await send(({ id }) => id === json?.id, anew)).toMatchObject({ sent: 0, gone: [json?.id] });
});

test('cut off between the record and the note it is sent twice, and counts once', async () => {
  put(statusChanged('early', NOW_MS + HOUR_MS));
  await foldAndRefuse(log);
  nowMs += 2 * HOUR_MS;
  const cut: EventLog = {
    ...log,
    append: (records) =>
      records.some(({ topic }) => topic === 'dead-letter')
        ? Promise.resolve({ kind: 'unavailable', detail: 'it was cut off' })
        : log.append(records),
  };
  expect(
    await redrive(
      cut,
      () => true,
      () => nowMs,
    ),
  ).toMatchObject({ kind: 'unavailable', sent: 1 });
  expect(await send()).toMatchObject({ sent: 1, before: 0 });
  expect(log.records('lifecycle', partitionOf('r', 2))).toHaveLength(3);
  expect(factsOf(await foldAndRefuse(log))).toEqual(['early']);
});

test('many at once, chosen by reason; a few of the newest are listed', async () => {
  for (let i = 0; i < 1300; i++) {
    put(statusChanged(`early-${i}`, NOW_MS + HOUR_MS));
    if (i % 3 === 0) put('{');
    if (i % 400 === 0) for (let gap = 0; gap < 300; gap++) put(statusChanged(`fine-${i}-${gap}`, NOW_MS));
    nowMs++;
  }
  await foldAndRefuse(log);
  const { newest, count } = await newestLetters(log, ({ letter }) => letter.reason === 'invalid_json', 5);
  expect(count).toBe(434);
  expect(newest.map(({ timeMs }) => timeMs - NOW_MS)).toEqual([1287, 1290, 1293, 1296, 1299]);
  nowMs += 2 * HOUR_MS;
  expect(await send(({ letter }) => letter.reason === 'from_the_future')).toMatchObject({
    sent: 1300,
    unreadable: [],
  });
  expect((await foldAndRefuse(log)).flatMap(({ entities }) => [...entities.values()])[0]?.facts).toHaveLength(
    2500,
  );
});

test('what is no letter of ours is passed over', async () => {
  for (const value of ['', '{', '[]', '{"reason":"no such","topic":"t"}', '{"redriven":"x","time":"never"}'])
    log.put('dead-letter', 0, Buffer.from(value), nowMs);
  expect(await all()).toEqual([]);
  expect(await send()).toMatchObject({ sent: 0, before: 0 });
});
