/** What every EventLog promises: the suite that each adapter must pass. */
import {
  LogReadError,
  type AppendRecord,
  type EventLog,
  type LogRecord,
  type Ownership,
  type Topic,
} from '../../services/log/port';
import { openWitness, type Witness } from './owner';
import { until } from './until';

export interface LogUnderTest {
  /** Opens the log; the suite closes it before it opens it again. */
  open(): Promise<EventLog>;
}

const PARTITIONS = 3;

export function record(
  topic: Topic,
  partition: number,
  value: string | Buffer,
  key = `key-${partition}`,
): AppendRecord {
  return { topic, partition, key, value: Buffer.from(value) };
}

export function numbered(topic: Topic, partition: number, count: number, from = 0): AppendRecord[] {
  return Array.from({ length: count }, (_, i) =>
    record(topic, partition, `${topic}-${partition}-${from + i}`),
  );
}

export function valuesOf(records: readonly AppendRecord[]): string[] {
  return records.map(({ value }) => value.toString());
}

export async function readAll(
  log: EventLog,
  topic: Topic,
  partition: number,
  from = 0,
  to = Number.MAX_SAFE_INTEGER,
): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of log.read(topic, partition, from, to)) all.push(...records);
  return all;
}

export function failOnFatal(error: Error): never {
  throw error;
}

/** `create` answers a new, empty log of so many partitions. */
export function describeEventLog(name: string, create: (partitions: number) => Promise<LogUnderTest>): void {
  describe(`${name} keeps the EventLog contract`, () => {
    let under: LogUnderTest;
    let log: EventLog;

    beforeEach(async () => {
      under = await create(PARTITIONS);
      log = await under.open();
    });
    afterEach(async () => {
      await log.close();
    });

    function own(witness: Witness, onFatal: (error: Error) => void = failOnFatal): Promise<Ownership> {
      return log.own(witness.owner, onFatal);
    }
    async function append(records: readonly AppendRecord[]): Promise<void> {
      expect(await log.append(records)).toEqual({ kind: 'appended' });
    }
    async function endOf(topic: Topic, partition: number): Promise<number> {
      const answer = await log.bounds(topic);
      if (answer.kind !== 'bounds') throw new Error(answer.detail);
      return answer.partitions[partition]?.end ?? -1;
    }

    describe('append and read', () => {
      test('what was appended is read back, whole and in order, with the time of the append', async () => {
        const before = Date.now();
        await append([record('lifecycle', 1, 'a', 'run-é'), record('lifecycle', 1, 'b')]);
        await append([record('lifecycle', 1, 'c')]);
        const records = await readAll(log, 'lifecycle', 1);
        expect(records.map(({ value }) => value?.toString())).toEqual(['a', 'b', 'c']);
        expect(records[0]).toMatchObject({ partition: 1, offset: 0, key: Buffer.from('run-é') });
        const times = records.map(({ appendTimeMs }) => appendTimeMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times[0]).toBeGreaterThanOrEqual(before - 1000);
        expect(times[2]).toBeLessThanOrEqual(Date.now() + 1000);
      });

      test('partitions and topics are apart', async () => {
        await append([
          record('lifecycle', 0, 'l0'),
          record('telemetry', 0, 't0'),
          record('dead-letter', 2, 'd2'),
        ]);
        expect(await readAll(log, 'lifecycle', 1)).toEqual([]);
        expect((await readAll(log, 'telemetry', 0)).map(({ value }) => value?.toString())).toEqual(['t0']);
        expect((await readAll(log, 'dead-letter', 2)).map(({ value }) => value?.toString())).toEqual(['d2']);
      });

      test('a range is read from its first offset to before its last, over chunks', async () => {
        await append(numbered('lifecycle', 0, 2500));
        const records = await readAll(log, 'lifecycle', 0, 700, 2100);
        expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 1400 }, (_, i) => 700 + i));
        expect(await readAll(log, 'lifecycle', 0, 2500)).toEqual([]);
        expect(await readAll(log, 'lifecycle', 0, 10, 10)).toEqual([]);
      });

      test('a value of a megabyte, and many callers at once', async () => {
        const large = Buffer.alloc(1_000_000, 'x');
        const appends = Array.from({ length: 20 }, (_, i) =>
          log.append([record('lifecycle', 2, `small-${i}`)]),
        );
        appends.push(log.append([record('lifecycle', 2, large), record('lifecycle', 2, large)]));
        expect(new Set((await Promise.all(appends)).map(({ kind }) => kind))).toEqual(new Set(['appended']));
        const records = await readAll(log, 'lifecycle', 2);
        expect(records).toHaveLength(22);
        expect(records.filter(({ value }) => value?.equals(large))).toHaveLength(2);
      });

      test('bounds are start and end, and tell when they were asked', async () => {
        await append(numbered('lifecycle', 1, 5));
        const before = performance.now();
        const answer = await log.bounds('lifecycle');
        expect(answer).toMatchObject({
          kind: 'bounds',
          partitions: [
            { start: 0, end: 0 },
            { start: 0, end: 5 },
            { start: 0, end: 0 },
          ],
        });
        if (answer.kind !== 'bounds') throw new Error('unreachable');
        expect(answer.askedAtMs).toBeGreaterThanOrEqual(before);
        expect(answer.askedAtMs).toBeLessThanOrEqual(performance.now());
      });

      test('appended means there after the log was closed and opened again', async () => {
        await append([...numbered('telemetry', 0, 10), ...numbered('telemetry', 1, 1)]);
        await log.close();
        log = await under.open();
        expect(await Promise.all([0, 1, 2].map((partition) => endOf('telemetry', partition)))).toEqual([
          10, 1, 0,
        ]);
        await append(numbered('telemetry', 0, 5, 10));
        const records = await readAll(log, 'telemetry', 0);
        expect(records.map(({ value }) => value?.toString())).toEqual(valuesOf(numbered('telemetry', 0, 15)));
        expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 15 }, (_, i) => i));
      });

      test('a closed log takes nothing', async () => {
        await log.close();
        expect(await log.append([record('lifecycle', 0, 'late')])).toMatchObject({ kind: 'unavailable' });
        log = await under.open();
        expect(await readAll(log, 'lifecycle', 0)).toEqual([]);
      });

      test('no records are appended at once', async () => {
        expect(await log.append([])).toEqual({ kind: 'appended' });
      });
    });

    describe('delivery', () => {
      test('all records of both topics reach the owner in order, those there before and those that come', async () => {
        const witness = openWitness();
        await append(numbered('lifecycle', 0, 1500));
        await append(numbered('telemetry', 0, 20));
        const owning = await own(witness);
        await until('what was there has come', () => witness.position('lifecycle', 0) === 1500);
        for (let i = 0; i < 5; i++) await append(numbered('lifecycle', 2, 10, i * 10));
        await until('what came has come', () => witness.position('lifecycle', 2) === 50);
        await until('telemetry has come', () => witness.position('telemetry', 0) === 20);
        expect(witness.taken('lifecycle', 0)).toEqual(valuesOf(numbered('lifecycle', 0, 1500)));
        expect(witness.taken('lifecycle', 2)).toEqual(valuesOf(numbered('lifecycle', 2, 50)));
        expect(witness.taken('telemetry', 0)).toEqual(valuesOf(numbered('telemetry', 0, 20)));
        expect(owning.owned()).toEqual([0, 1, 2]);
        expect(performance.now() - owning.lastFetchAtMs()).toBeLessThan(30_000);
        expect(witness.faults).toEqual([]);
      });

      test('nothing below the positions of begin() is delivered', async () => {
        await append([...numbered('lifecycle', 1, 30), ...numbered('telemetry', 1, 30)]);
        const witness = openWitness({ begin: () => ({ lifecycle: 12, telemetry: 25 }) });
        await append([...numbered('lifecycle', 0, 12), ...numbered('telemetry', 0, 25)]);
        await append([...numbered('lifecycle', 2, 12), ...numbered('telemetry', 2, 25)]);
        await own(witness);
        await until('the rest has come', () => witness.position('lifecycle', 1) === 30);
        await until('the rest has come', () => witness.position('telemetry', 1) === 30);
        expect(witness.taken('lifecycle', 1)).toEqual(valuesOf(numbered('lifecycle', 1, 18, 12)));
        expect(witness.taken('telemetry', 1)).toEqual(valuesOf(numbered('telemetry', 1, 5, 25)));
        expect(witness.faults).toEqual([]);
      });

      test('an owner that can not begin yet is asked again, and gets nothing before', async () => {
        const witness = openWitness({
          begin: (_partition, attempt) => (attempt < 3 ? null : { lifecycle: 0, telemetry: 0 }),
        });
        await append(numbered('lifecycle', 0, 3));
        await own(witness);
        await until('it has come', () => witness.position('lifecycle', 0) === 3);
        expect(witness.begins.filter((partition) => partition === 0)).toHaveLength(3);
        expect(witness.faults).toEqual([]);
      });

      test('what was not taken comes again, once, and rests where nothing was taken', async () => {
        let refused = false;
        const witness = openWitness({
          records: ({ records }) => {
            if (records.length > 4) return 4;
            if (!refused && records.length > 0) {
              refused = true;
              return 0;
            }
            return records.length;
          },
        });
        await append(numbered('lifecycle', 0, 30));
        await own(witness);
        await until('all was taken', () => witness.position('lifecycle', 0) === 30);
        expect(witness.taken('lifecycle', 0)).toEqual(valuesOf(numbered('lifecycle', 0, 30)));
        const refusal = witness.calls.findIndex(({ records }) => records.length > 0 && records.length <= 4);
        const [first, again] = witness.calls.slice(refusal);
        expect((again?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(100);
        expect(witness.faults).toEqual([]);
      });

      test('a topic of which nothing is taken does not hold the other one up', async () => {
        const witness = openWitness({
          records: ({ topic, records }) => (topic === 'telemetry' ? 0 : records.length),
        });
        await append([...numbered('telemetry', 0, 3), ...numbered('lifecycle', 0, 3)]);
        await own(witness);
        await until('the lifecycle has come', () => witness.position('lifecycle', 0) === 3);
        await append(numbered('lifecycle', 0, 3, 3));
        await until('more of it has come', () => witness.position('lifecycle', 0) === 6);
        expect(witness.position('telemetry', 0)).toBe(0);
        expect(witness.faults).toEqual([]);
      });

      test('a slow partition does not hold the others up', async () => {
        let release: () => void = () => undefined;
        const stuck = new Promise<void>((resolve) => (release = resolve));
        const witness = openWitness({
          records: async ({ partition, records }) => {
            if (partition === 0) await stuck;
            return records.length;
          },
        });
        await append([...numbered('lifecycle', 0, 3), ...numbered('lifecycle', 1, 3)]);
        await own(witness);
        await until('the other one has come', () => witness.position('lifecycle', 1) === 3);
        await append(numbered('lifecycle', 1, 3, 3));
        await until('and goes on', () => witness.position('lifecycle', 1) === 6);
        expect(witness.position('lifecycle', 0)).toBe(0);
        release();
        await until('the slow one has come', () => witness.position('lifecycle', 0) === 3);
        expect(witness.faults).toEqual([]);
      });

      test("after 'lost' it begins again, from where the owner says", async () => {
        let lost = false;
        const witness = openWitness({
          begin: (_partition, attempt) => ({ lifecycle: attempt === 1 ? 0 : 5, telemetry: 0 }),
          records: ({ records }) => {
            if (lost) return records.length;
            lost = true;
            return 'lost';
          },
        });
        await append(numbered('lifecycle', 0, 9));
        await append([...numbered('lifecycle', 1, 9), ...numbered('lifecycle', 2, 9)]);
        await own(witness);
        await until('it has come', () => [0, 1, 2].every((p) => witness.position('lifecycle', p) === 9));
        const again = witness.begins.filter((partition, i) => witness.begins.indexOf(partition) !== i);
        expect(again).toHaveLength(1);
        const [partition = -1] = again;
        expect(witness.taken('lifecycle', partition)).toEqual(
          valuesOf(numbered('lifecycle', partition, 4, 5)),
        );
        expect(witness.faults).toEqual([]);
      });

      test('restart() begins again', async () => {
        const witness = openWitness({
          begin: (_partition, attempt) => ({ lifecycle: attempt === 1 ? 0 : 2, telemetry: 0 }),
        });
        await append(numbered('lifecycle', 1, 4));
        const owning = await own(witness);
        await until('it has come', () => witness.position('lifecycle', 1) === 4);
        owning.restart(1);
        await until('it has come again', () => witness.taken('lifecycle', 1).length === 6);
        expect(witness.taken('lifecycle', 1).slice(4)).toEqual(valuesOf(numbered('lifecycle', 1, 2, 2)));
        await append(numbered('lifecycle', 1, 1, 4));
        await until('and goes on', () => witness.position('lifecycle', 1) === 5);
        expect(witness.ends).toEqual([]);
        expect(witness.faults).toEqual([]);
      });

      test('a lifecycle position that is not on the log is told, and nothing delivered', async () => {
        const witness = openWitness({
          begin: (partition) => ({ lifecycle: partition === 0 ? 8 : 0, telemetry: 0 }),
        });
        await append([
          ...numbered('lifecycle', 0, 5),
          ...numbered('telemetry', 0, 5),
          ...numbered('lifecycle', 1, 5),
        ]);
        await own(witness);
        await until('it is told', () => witness.diverged.length > 0);
        await until('the other one has come', () => witness.position('lifecycle', 1) === 5);
        expect(witness.diverged[0]).toMatch(/8 .*0 to 5/);
        expect(witness.taken('lifecycle', 0)).toEqual([]);
      });

      test('telemetry whose position is not on the log goes on at its start', async () => {
        const witness = openWitness({ begin: () => ({ lifecycle: 0, telemetry: 1000 }) });
        await append(numbered('telemetry', 2, 5));
        await own(witness);
        await until('it has come', () => witness.taken('telemetry', 2).length === 5);
        expect(witness.diverged).toEqual([]);
      });

      test('close() waits for the calls in flight, ends each partition, and nothing comes after', async () => {
        let finished = false;
        const witness = openWitness({
          records: async ({ records }) => {
            await new Promise((resolve) => setTimeout(resolve, 50));
            finished = true;
            return records.length;
          },
        });
        await append(numbered('lifecycle', 0, 3));
        const owning = await own(witness);
        await until('a call is in flight', () => witness.calls.length > 0);
        await owning.close();
        expect(finished).toBe(true);
        expect([...witness.ends].sort()).toEqual([0, 1, 2]);
        expect(owning.owned()).toEqual([]);
        const calls = witness.calls.length;
        await append(numbered('lifecycle', 0, 3, 3));
        expect(await endOf('lifecycle', 0)).toBe(6);
        expect(witness.calls).toHaveLength(calls);
        const next = openWitness({ begin: () => ({ lifecycle: 0, telemetry: 0 }) });
        await own(next);
        await until('the next owner has all', () => next.position('lifecycle', 0) === 6);
        expect(witness.faults).toEqual([]);
      });

      test('an owner that throws ends the delivery', async () => {
        const witness = openWitness({
          records: () => {
            throw new Error('a bug in the owner');
          },
        });
        let fatal: Error | null = null;
        await append(numbered('lifecycle', 0, 1));
        await own(witness, (error) => (fatal = error));
        await until('it is fatal', () => fatal !== null);
        expect(fatal).toMatchObject({ message: 'a bug in the owner' });
      });
    });

    test('reading from before the start is refused', async () => {
      await append(numbered('lifecycle', 0, 3));
      await expect(readAll(log, 'lifecycle', 0, -1)).rejects.toThrow(LogReadError);
    });
  });
}
