import fc from 'fast-check';
import { type EntityId } from '../../events/event';
import { entityKey, keyText, nanoDollars, shownText } from '../../services/fold/fact';
import { factOf } from '../../services/fold/kinds';
import { sampleKey, type Sample } from '../../services/fold/sample';
import { tellLifecycle } from '../support/told';

describe('nanoDollars', () => {
  test.each([
    [0, 0],
    [98.32, 98_320_000_000],
    [1e6, 10 ** 15],
    [0.30000000000000004, 300_000_000],
    [1.0000000005, 1_000_000_001],
    [1.0000000004, 1_000_000_000],
    [2.5e-9, 3],
    [1.5e-9, 2],
    [5e-10, 1],
    [4.9e-10, 0],
    [9.9e-11, 0],
    [5e-324, 0],
    [123456.7890123455, 123_456_789_012_346],
  ])('%p dollars an hour are %p nano-dollars', (dollars, nanos) => {
    expect(nanoDollars(dollars)).toBe(nanos);
  });

  /** Rounded half up from the decimal as it is printed, with whole numbers alone. */
  function exactly(dollars: number): number {
    const [mantissa = '', exponent = '0'] = dollars.toString().split('e');
    const [whole = '', fraction = ''] = mantissa.split('.');
    const scale = BigInt(fraction.length - Number(exponent));
    const digits = BigInt(whole + fraction) * 10n ** 9n * 10n ** (scale < 0n ? -scale : 0n);
    const unit = 10n ** (scale > 0n ? scale : 0n);
    return Number((2n * digits + unit) / (2n * unit));
  }

  test('is the printed decimal, rounded half up', () => {
    const price = fc.oneof(
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.integer({ min: 0, max: 10 ** 10 }).map((n) => n / 10_000),
      // About halves of a nano-dollar.
      fc.integer({ min: 0, max: 2 * 10 ** 6 }).map((n) => n / 2 / 1e9),
      fc
        .tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 5, max: 14 }))
        .map(([n, e]) => n / 10 ** e),
    );
    fc.assert(
      fc.property(price, (dollars) => {
        expect(nanoDollars(dollars)).toBe(exactly(dollars));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('keys', () => {
  const text = fc.oneof(
    fc.string({
      unit: fc.constantFrom(
        '"',
        ':',
        '1',
        '2',
        'a',
        '\\',
        'u',
        'd',
        '8',
        '0',
        '\ud800',
        '\udc00',
        '\ufffd',
        '😀',
      ),
    }),
    fc.constantFrom('"\ud800"', '"\\ud800"', '\ud800', '\udfff', '__proto__', ''),
  );
  const id: fc.Arbitrary<EntityId> = fc.oneof(
    text.map((of) => ({ kind: 'instance' as const, id: of })),
    text.map((of) => ({ kind: 'run' as const, id: of })),
    fc.tuple(text, text).map(([within, of]) => ({ kind: 'job' as const, id: of, within })),
  );

  test('tell all entities apart, and come back from a store as they went in', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(entityKey(a) === entityKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        expect(Buffer.from(entityKey(a)).toString()).toBe(entityKey(a));
      }),
      { numRuns: 3000 },
    );
  });

  test('an id may hold what stands between ids in a key', () => {
    const job = (within: string, of: string): string => entityKey({ kind: 'job', id: of, within });
    expect(job('a:b', 'c')).not.toBe(job('a', 'b:c'));
    expect(job('2:a', 'b')).not.toBe(job('2', 'a:b'));
  });

  test('tell samples of all targets and exporters apart', () => {
    const sample = fc.tuple(id, fc.option(text)).map(([target, exporter]): Sample => ({
      target,
      reading:
        exporter === null
          ? { kind: 'usage', usage: { run: { id: 'r' }, job: { id: 'j' } } }
          : { kind: 'gpu', exporter, gpu: { instance: { id: 'i' }, exporter, families: {}, series: [] } },
      timeMs: 0,
      rank: -1,
      source: 's',
      id: 'e',
    }));
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        expect(sampleKey(a) === sampleKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        expect(Buffer.from(sampleKey(a)).toString()).toBe(sampleKey(a));
      }),
      { numRuns: 3000 },
    );
  });

  test('plain texts stay as they are; a page shows U+FFFD for a lone surrogate', () => {
    expect([keyText('gpu-fleet-0'), keyText('é')]).toEqual(['gpu-fleet-0', 'é']);
    expect([shownText('a\ud800b'), shownText('😀'), shownText('é')]).toEqual(['a\ufffdb', '😀', 'é']);
  });
});

describe('the status of a finish', () => {
  test.each([
    ['instance.terminated', { instance: { id: 'i' } }, 'terminated'],
    ['volume.deleted', { volume: { id: 'v' } }, 'deleted'],
  ])('%s ends in one way: a status in its data is an unknown field', (type, data, status) => {
    for (const said of [{}, { status: 'pending' }, { status: 'idle' }, { status: 7 }]) {
      expect(factOf(tellLifecycle({ type, data: { ...data, ...said }, atMs: 1000 }))).toMatchObject({
        status,
      });
    }
  });

  test.each([
    ['run.finished', { run: { id: 'r' } }],
    ['job.finished', { run: { id: 'r' }, job: { id: 'j' } }],
  ])('%s names it', (type, data) => {
    for (const status of ['done', 'failed', 'terminated']) {
      expect(factOf(tellLifecycle({ type, data: { ...data, status }, atMs: 1000 }))).toMatchObject({
        status,
      });
    }
  });
});
