/** Which ends are kept: those that a job needs, and of the others the newest. */
import {
  countJob,
  emptyEnds,
  indexEnds,
  keepEnd,
  type EndedCounts,
  type Ends,
} from '../../services/fold/ends';
import { addFact, emptyEntity, type Entity } from '../../services/fold/entity';
import type { EntityId } from '../../events/event';
import { factOf } from '../../services/fold/kinds';
import { instanceStarted, tellLifecycle } from '../support/told';

const KEPT = { run: 2, instance: 3 };

function ended(id: EntityId, atMs: number): Entity {
  const data = id.kind === 'run' ? { run: { id: id.id }, status: 'done' } : { instance: { id: 'i' } };
  const type = id.kind === 'run' ? 'run.finished' : 'instance.terminated';
  return addFact(emptyEntity(id, 0, 0), factOf(tellLifecycle({ type, data, atMs })), atMs, false);
}

const run = (id: string): EntityId => ({ kind: 'run', id });
const instance = (id: string): EntityId => ({ kind: 'instance', id });
const jobOf = (within: string): EntityId => ({ kind: 'job', within, id: 'j' });

function open(): {
  ends: Ends;
  counts: EndedCounts;
  touched: string[];
  settle: (...ids: EntityId[]) => void;
  job: (runId: string, by: 1 | -1) => void;
} {
  const [ends, counts, touched] = [emptyEnds(), { run: 0, instance: 0 }, [] as string[]];
  const touch = (key: string): void => void touched.push(key);
  return {
    ends,
    counts,
    touched,
    settle: (...ids) => ids.forEach((id, n) => keepEnd(ends, counts, ended(id, n), touch, KEPT)),
    job: (runId, by) => countJob(ends, jobOf(runId), by, touch),
  };
}

test('the newest of each kind, and each that comes or goes is told', () => {
  const { ends, settle, touched } = open();
  settle(run('a'), run('b'), instance('x'), run('c'), instance('y'));
  expect([...ends.byKey.keys()]).toEqual(['run:b', 'instance:x', 'run:c', 'instance:y']);
  expect(touched).toEqual(['run:a', 'run:b', 'instance:x', 'run:c', 'run:a', 'instance:y']);
});

test("a run's as long as one of its jobs lives", () => {
  const { ends, settle, job } = open();
  job('a', 1);
  job('a', 1);
  settle(run('a'), run('b'), run('c'), run('d'));
  job('a', -1);
  expect([...ends.byKey.keys()]).toEqual(['run:a', 'run:c', 'run:d']);
  job('a', -1);
  expect([...ends.byKey.keys()]).toEqual(['run:c', 'run:d']);
});

test('of two lives of an id the later; the number of the earlier drops nothing', () => {
  const { ends, settle } = open();
  settle(instance('x'), instance('y'), instance('x'), instance('z'));
  expect([...ends.byKey]).toEqual([
    ['instance:x', { number: 2, timeMs: 2, project: null }],
    ['instance:y', { number: 1, timeMs: 1, project: null }],
    ['instance:z', { number: 3, timeMs: 3, project: null }],
  ]);
});

test('what a store gives back in any order goes on as it would have', () => {
  const { ends, counts, settle, job } = open();
  job('a', 1);
  settle(run('a'), run('b'), run('c'), instance('x'));
  const again = emptyEnds();
  for (const [key, end] of [...ends.byKey].reverse()) again.byKey.set(key, end);
  const living = emptyEntity(jobOf('a'), 0, 0);
  indexEnds(again, counts, new Map([['job:1:a:j', living]]), KEPT);
  for (const each of [ends, again]) {
    keepEnd(each, { ...counts }, ended(run('d'), 9), () => undefined, KEPT);
    expect([...each.byKey.keys()].sort()).toEqual(['instance:x', 'run:a', 'run:c', 'run:d']);
    countJob(each, jobOf('a'), -1, () => undefined);
    expect([...each.byKey.keys()].sort()).toEqual(['instance:x', 'run:c', 'run:d']);
  }
});

test('the project is that of a described instance', () => {
  const ends = emptyEnds();
  const started = factOf(tellLifecycle({ ...instanceStarted('i'), atMs: 0 }));
  const entity = addFact(ended(instance('i'), 1), started, 0, false);
  keepEnd(ends, { run: 0, instance: 0 }, entity, () => undefined);
  expect(ends.byKey.get('instance:i')?.project).toBe('p');
});
