/** Narrowed pages: `?project=` and `?shard=i&shards=n`. */
import fc from 'fast-check';
import { foldLines, pageOf, type Folded } from '../support/folded';
import { DEFAULT_SETTINGS, validHistoryArbitrary } from '../support/history';
import { readPage } from '../support/page-series';
import { depth } from '../support/depth';

const folded = validHistoryArbitrary(150).map((events) =>
  foldLines(
    events.map((event) => JSON.stringify(event)),
    DEFAULT_SETTINGS,
  ),
);

/** Each shard's page says what it is as of. */
const ON_EACH = 'fleetmeter_page_timestamp_seconds{}';

function without(series: Map<string, number>, ...keys: string[]): Map<string, number> {
  for (const key of keys) series.delete(key);
  return series;
}

function shardPage(of: Folded, index: number, count: number, project: string | null = null): string {
  return pageOf(of, 'text', { project, shard: { index, count } });
}

test('the shards of a page are disjoint, and together the page', () => {
  fc.assert(
    fc.property(folded, fc.integer({ min: 1, max: 7 }), (of, count) => {
      const whole = readPage(pageOf(of));
      const union = new Map<string, number>();
      for (let index = 0; index < count; index++) {
        const part = readPage(shardPage(of, index, count));
        expect(part.get(ON_EACH)).toBe(whole.get(ON_EACH));
        for (const [key, value] of without(part, ON_EACH)) {
          expect([key, union.has(key)]).toEqual([key, false]);
          union.set(key, value);
        }
      }
      expect(new Map([...union].sort())).toEqual(new Map([...without(whole, ON_EACH)].sort()));
    }),
    { numRuns: depth(15, 200) },
  );
});

test('a shard keeps all own series of an entity together', () => {
  fc.assert(
    fc.property(folded, (of) => {
      const shardsOf = new Map<string, Set<number>>();
      for (let index = 0; index < 3; index++) {
        for (const key of readPage(shardPage(of, index, 3)).keys()) {
          const job = /dstack_run_id="[^"]*".*dstack_job_id="[^"]*"/.exec(key)?.[0];
          if (job !== undefined) shardsOf.set(job, (shardsOf.get(job) ?? new Set<number>()).add(index));
        }
      }
      for (const [job, shards] of shardsOf) expect([job, shards.size]).toEqual([job, 1]);
    }),
    { numRuns: depth(8, 100) },
  );
});

test('a project’s page has the series that bear it, with the same values, and no other project’s', () => {
  fc.assert(
    fc.property(folded, fc.constantFrom('main', 'ml', 'a"b', '', 'nobody'), (of, project) => {
      const bears = new RegExp(
        `[{,](?:dstack_)?project_name=${JSON.stringify(JSON.stringify(project)).slice(1, -1)}[,}]`,
      );
      const expected = [...readPage(pageOf(of))].filter(([key]) => key === ON_EACH || bears.test(key));
      const selected = readPage(pageOf(of, 'text', { project, shard: null }));
      expect(new Map([...selected].sort())).toEqual(new Map(expected.sort()));
    }),
    { numRuns: depth(15, 200) },
  );
});

test('both at once narrow to what is in both', () => {
  fc.assert(
    fc.property(folded, (of) => {
      const ofProject = [...readPage(pageOf(of, 'text', { project: 'main', shard: null })).keys()];
      const ofShard = readPage(shardPage(of, 1, 2));
      const both = [...readPage(shardPage(of, 1, 2, 'main')).keys()];
      expect(both).toEqual(ofProject.filter((key) => ofShard.has(key)));
    }),
    { numRuns: depth(8, 100) },
  );
});
