/**
 * The rules of "Log time", at their edges; what they make of whole histories is compared with the oracle
 * elsewhere.
 */
import { emptyLedger, takeLifecycle, takeSample, type Ledger } from '../../services/fold/ledger';
import { expireSamples, popAbsorbable } from '../../services/fold/release';
import {
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  runSubmitted,
  tellLifecycle,
  tellTelemetry,
  type Told,
} from '../support/told';

const LATENESS = 1000;
const DEDUPE = 5000;
/** All times are as of here, so that none is negative. */
const T0 = 1_000_000;

function open(): Ledger {
  return emptyLedger({ latenessMs: LATENESS, dedupeMs: DEDUPE, sampleTtlMs: 600, asOfMs: null });
}

/** Takes it at a log time of the same moment, or another one: taken, repeat, or why not. */
function take(
  ledger: Ledger,
  told: Pick<Told, 'type' | 'data'> & Partial<Told>,
  atMs: number,
  logMs = atMs,
): string {
  const event = tellLifecycle({ ...told, atMs: T0 + atMs });
  const verdict = takeLifecycle(ledger, event, T0 + logMs);
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
}

/** Moves the partition's log time on, by a record of another entity. */
function pass(ledger: Ledger, logMs: number): void {
  expect(take(ledger, instanceStarted('clock', { snapshot: true }), logMs)).toBe('taken');
}

const terminated = (id: string) => ({ type: 'instance.terminated', data: { instance: { id } } });
const status = (id: string, to: string) => ({
  type: 'instance.status_changed',
  data: { instance: { id }, status: to },
});

describe('settling', () => {
  test('an entity settles when the log time is the lateness past its first finish, and not before', () => {
    const ledger = open();
    take(ledger, instanceStarted('i'), 0);
    take(ledger, terminated('i'), 100, 200);
    expect(take(ledger, terminated('i'), 90, 900)).toBe('taken');
    expect(take(ledger, status('i', 'idle'), 95, 1199)).toBe('taken');
    expect(ledger.settled.size).toBe(0);
    expect(take(ledger, status('i', 'idle'), 96, 1200)).toBe('too_late');
    expect([ledger.settled.size, ledger.entities.size, ledger.scalars.settledCount]).toEqual([1, 0, 1]);
  });

  test('the id stays until the newest event of it, refused ones included, is over the dedupe time older', () => {
    const ledger = open();
    take(ledger, instanceStarted('i'), 0);
    take(ledger, terminated('i'), 0);
    expect(take(ledger, status('i', 'idle'), 2000)).toBe('too_late');
    pass(ledger, 2000 + DEDUPE);
    expect(ledger.tombstones.size).toBe(1);
    pass(ledger, 2000 + DEDUPE + 1);
    expect(ledger.tombstones.size).toBe(0);
    expect(take(ledger, instanceStarted('i'), 7002)).toBe('taken');
  });

  test.each([
    ['a taken one', 0],
    ['a refused one', 3000],
  ])('for good, where %s of its events had snapshot', (_, snapshotMs) => {
    const ledger = open();
    take(ledger, instanceStarted('i', { snapshot: snapshotMs === 0 }), 0);
    take(ledger, terminated('i'), 0);
    expect(take(ledger, instanceStarted('i', { snapshot: true }), 3000)).toBe('too_late');
    pass(ledger, 100 * DEDUPE);
    expect(take(ledger, instanceStarted('i'), 100 * DEDUPE)).toBe('too_late');
  });
});

test('a sample goes when no page can show it any more, and not for the time of one that it took the place of', () => {
  const ledger = open();
  const sample = (atMs: number) =>
    tellTelemetry({
      type: 'job.sampled',
      data: { run: { id: 'r' }, job: { id: 'j' }, cpu_time_seconds: 1 },
      atMs: T0 + atMs,
    });
  const left = (pageMs: number): number => {
    expireSamples(ledger, T0 + pageMs);
    return ledger.samples.size;
  };
  takeSample(ledger, sample(0), null);
  for (let atMs = 1; atMs <= 500; atMs++) takeSample(ledger, sample(atMs), null);
  expect(ledger.sampleDues.dues).toHaveLength(1);
  expect([600, 601, 1100, 1101].map(left)).toEqual([1, 1, 1, 0]);
  takeSample(ledger, sample(900), null);
  expect([1500, 1501].map(left)).toEqual([1, 0]);
  expect(ledger.sampleDues.dues).toHaveLength(0);
});

test('a settled entity is kept until no page can show a sample from before its finish', () => {
  const ledger = open();
  take(ledger, instanceStarted('i'), 0);
  take(ledger, terminated('i'), 100);
  pass(ledger, 1100);
  expect(ledger.settled.size).toBe(1);
  expect([100, 700, 701, 702].map((ms) => popAbsorbable(ledger, T0 + ms).map(([key]) => key))).toEqual([
    [],
    [],
    ['0'],
    [],
  ]);
  expect(ledger.settled.size).toBe(0);
});

describe('giving up', () => {
  test('what is never described is given up the lateness after its last record that was taken and no repeat', () => {
    const ledger = open();
    expect(take(ledger, { ...status('i', 'idle'), id: 'same' }, 0)).toBe('taken');
    expect(take(ledger, { ...status('i', 'idle'), id: 'same' }, 0, 500)).toBe('repeat');
    expect(take(ledger, status('i', 'busy'), 400, 999)).toBe('taken');
    pass(ledger, 1998);
    expect(ledger.scalars.givenUpCount).toBe(0);
    pass(ledger, 1999);
    expect(ledger.scalars.givenUpCount).toBe(1);
    expect(take(ledger, status('i', 'idle'), 1999)).toBe('too_late');
  });

  test('its started begins it anew, with nothing of before', () => {
    const ledger = open();
    take(ledger, status('i', 'idle'), 0);
    expect(take(ledger, instanceStarted('i'), 1000)).toBe('taken');
    expect(ledger.scalars.givenUpCount).toBe(1);
    expect(ledger.entities.get('instance:i')?.facts).toHaveLength(1);
    expect(ledger.tombstones.size).toBe(0);
  });

  test('a described one is waited for without end', () => {
    const ledger = open();
    take(ledger, runSubmitted('r'), 0);
    pass(ledger, 100 * DEDUPE);
    expect(ledger.entities.has('run:r')).toBe(true);
  });
});

describe('too late', () => {
  test('what is older than its entity’s newest event by more than the lateness, repeats too', () => {
    const ledger = open();
    take(ledger, { ...instanceStarted('i'), id: 'first' }, 0);
    take(ledger, status('i', 'idle'), 2000);
    expect(take(ledger, status('i', 'busy'), 1000, 2000)).toBe('taken');
    expect(take(ledger, status('i', 'busy'), 999, 2000)).toBe('too_late');
    expect(take(ledger, { ...instanceStarted('i'), id: 'first' }, 0, 2000)).toBe('too_late');
  });

  test('but never the first description and the first provisioned', () => {
    const ledger = open();
    take(
      ledger,
      {
        type: 'job.price_changed',
        data: { run: { id: 'r' }, job: { id: 'j' }, price: { dollars_per_hour: 1 } },
      },
      3000,
    );
    expect(take(ledger, jobSubmitted('j'), 10, 3000)).toBe('taken');
    expect(take(ledger, jobProvisioned('j'), 20, 3000)).toBe('taken');
    expect(take(ledger, jobSubmitted('j'), 10, 3000)).toBe('too_late');
    expect(take(ledger, jobProvisioned('j'), 20, 3000)).toBe('too_late');
  });

  test('an event of an unknown entity that is over the dedupe time older than its log time, unless it is a snapshot', () => {
    const ledger = open();
    expect(take(ledger, instanceStarted('i'), 0, DEDUPE)).toBe('taken');
    expect(take(ledger, instanceStarted('j'), 0, DEDUPE + 1)).toBe('too_late');
    expect(take(ledger, instanceStarted('j', { snapshot: true }), 0, DEDUPE + 1)).toBe('taken');
  });
});

describe('log time', () => {
  test('is recordedtime where that is earlier than the append time, and never goes back', () => {
    const ledger = open();
    const recorded = (ms: number) => ({
      ...instanceStarted('i'),
      recordedtime: new Date(T0 + ms).toISOString(),
    });
    take(ledger, recorded(300), 0, 500);
    expect(ledger.scalars.logTimeMs).toBe(T0 + 300);
    take(ledger, recorded(900), 0, 400);
    expect(ledger.scalars.logTimeMs).toBe(T0 + 400);
    take(ledger, recorded(100), 0, 800);
    expect(ledger.scalars.logTimeMs).toBe(T0 + 400);
  });

  test('in a file it is recordedtime, else the newest time so far, and nothing is from the future', () => {
    const ledger = open();
    const taken = (atMs: number, recordedMs?: number): number | null => {
      const recordedtime =
        recordedMs === undefined ? {} : { recordedtime: new Date(T0 + recordedMs).toISOString() };
      takeLifecycle(
        ledger,
        tellLifecycle({ ...instanceStarted('i'), ...recordedtime, atMs: T0 + atMs }),
        null,
      );
      return (ledger.scalars.logTimeMs ?? 0) - T0;
    };
    expect([taken(100), taken(50), taken(400_000), taken(10, 20), taken(0, 500_000)]).toEqual([
      100, 100, 400_000, 400_000, 500_000,
    ]);
    expect(ledger.scalars.newestTakenMs).toBe(T0 + 400_000);
  });

  test('an event may be 300 s ahead of it, and no more; its entity’s id is seen all the same', () => {
    const ledger = open();
    expect(take(ledger, instanceStarted('i'), 300_000, 0)).toBe('taken');
    expect(take(ledger, instanceStarted('j'), 300_001, 0)).toBe('from_the_future');
    expect(take(ledger, status('i', 'idle'), 300_002, 0)).toBe('from_the_future');
    expect(ledger.entities.get('instance:i')).toMatchObject({
      newestMs: T0 + 300_000,
      newestSeenMs: T0 + 300_002,
    });
    expect(ledger.entities.has('instance:j')).toBe(false);
  });
});

describe('samples', () => {
  const usage = (atMs: number, more: Partial<Told> = {}) =>
    tellTelemetry({
      type: 'job.sampled',
      data: { run: { id: 'r' }, job: { id: 'j' } },
      atMs: T0 + atMs,
      ...more,
    });

  test('the latest counts, whatever order they come in', () => {
    const ledger = open();
    const kinds = [
      usage(5),
      usage(3),
      usage(9, { id: 'b' }),
      usage(9, { id: 'a' }),
      usage(9, { id: 'b' }),
    ].map((event) => takeSample(ledger, event, null).kind);
    expect(kinds).toEqual(['taken', 'repeat', 'taken', 'repeat', 'repeat']);
    expect([...ledger.samples.values()].map(({ id }) => id)).toEqual(['b']);
  });

  test('they move no log time, and are from the future 300 s ahead of their own append time', () => {
    const ledger = open();
    pass(ledger, 0);
    expect(takeSample(ledger, usage(400_000), T0 + 100_000).kind).toBe('taken');
    expect(takeSample(ledger, usage(400_001), T0 + 100_000)).toMatchObject({
      kind: 'refused',
      reason: 'from_the_future',
    });
    expect(ledger.scalars.logTimeMs).toBe(T0);
  });
});
