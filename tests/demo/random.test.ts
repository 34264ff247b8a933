import { openRandom, noise } from '../../services/demo/random';

const many = (draw: () => number): number[] => Array.from({ length: 20_000 }, draw);
const mean = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

describe('seeded chance', () => {
  test('is the same on every machine', () => {
    const random = openRandom('pinned');
    expect([random.uuid(), random.whole(0, 1000), random.uuid()]).toMatchInlineSnapshot(`
      [
        "0bf0bac2-6904-49be-8438-b082628e436a",
        70,
        "b3ad20c0-bff2-4c90-8dc7-b93c2b19f67d",
      ]
    `);
  });

  test('is spread as it should be', () => {
    const random = openRandom('spread');
    expect(mean(many(random.unit))).toBeCloseTo(0.5, 1);
    expect(mean(many(() => random.exponential(10)))).toBeCloseTo(10, -0.5);
    expect(mean(many(random.normal))).toBeCloseTo(0, 1);
    const medianOf = many(() => random.lognormal(100, 0.8)).filter((number) => number < 100).length;
    expect(medianOf / 20_000).toBeCloseTo(0.5, 1);
    expect(new Set(many(() => random.whole(1, 3)))).toEqual(new Set([1, 2, 3]));
    const heavy = many(() => random.weighted([{ weight: 3 }, { weight: 1 }]).weight).filter(
      (weight) => weight === 3,
    );
    expect(heavy.length / 20_000).toBeCloseTo(0.75, 1);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  test('makes ids in the form of UUIDs, none twice', () => {
    const random = openRandom('ids');
    const ids = Array.from({ length: 20_000 }, random.uuid);
    expect(
      ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('noise', () => {
  test('is smooth, stays within one, and is a function of its arguments', () => {
    const line = Array.from({ length: 5000 }, (_, i) => noise(42, i / 100));
    expect(Math.max(...line.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(Math.max(...line) - Math.min(...line)).toBeGreaterThan(1);
    expect(Math.max(...line.slice(1).map((value, i) => Math.abs(value - line[i]!)))).toBeLessThan(0.04);
    expect(noise(42, 17.3)).toBe(line[1730]);
    expect(noise(43, 17.3)).not.toBe(line[1730]);
  });
});
