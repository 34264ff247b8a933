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

const PAGE_TIME = 'fleetmeter_page_timestamp_seconds{}';

function shardPage(of: Folded, index: number, count: number, project: string | null = null): string {
  return pageOf(of, 'text', { project, scope: null, shard: { index, count } });
}

test('the shards of a page are disjoint, and together the page', () => {
  fc.assert(
    fc.property(folded, fc.integer({ min: 1, max: 7 }), (of, count) => {
      const whole = readPage(pageOf(of));
      const union = new Map<string, number>();
      for (let index = 0; index < count; index++) {
        const part = readPage(shardPage(of, index, count));
        for (const [key, value] of part) {
          expect([key, union.has(key)]).toEqual([key, false]);
          // Of no one entity, such as a sum or what says how old the page is: in the first.
          if (!/_(job|instance|volume)_id="/.test(key)) expect([key, index]).toEqual([key, 0]);
          union.set(key, value);
        }
      }
      expect(new Map([...union].sort())).toEqual(new Map([...whole].sort()));
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
      const expected = [...readPage(pageOf(of))].filter(([key]) => key === PAGE_TIME || bears.test(key));
      const selected = readPage(pageOf(of, 'text', { project, scope: null, shard: null }));
      expect(new Map([...selected].sort())).toEqual(new Map(expected.sort()));
    }),
    { numRuns: depth(15, 200) },
  );
});

test('who may see some projects sees the series of each of them, and nothing that is no project’s', () => {
  const seen = (of: Folded, scope: readonly string[] | null, project: string | null = null) =>
    [...readPage(pageOf(of, 'text', { project, scope, shard: null }))].sort();
  fc.assert(
    fc.property(folded, fc.subarray(['main', 'ml', 'a"b', '', 'nobody']), (of, scope) => {
      const ofEach = scope
        .flatMap((project) => seen(of, null, project))
        .filter(([key]) => key !== PAGE_TIME && !key.startsWith('fleetmeter_held{'));
      expect(seen(of, scope)).toEqual(ofEach.sort());
      for (const project of scope)
        expect(seen(of, scope, project)).toEqual(
          seen(of, null, project).filter(([key]) => key !== PAGE_TIME),
        );
      expect(seen(of, scope, 'another')).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test('both at once narrow to what is in both', () => {
  fc.assert(
    fc.property(folded, (of) => {
      const ofProject = [
        ...readPage(pageOf(of, 'text', { project: 'main', scope: null, shard: null })).keys(),
      ];
      const ofShard = readPage(shardPage(of, 1, 2));
      const both = [...readPage(shardPage(of, 1, 2, 'main')).keys()];
      expect(both).toEqual(ofProject.filter((key) => ofShard.has(key)));
    }),
    { numRuns: depth(8, 100) },
  );
});
