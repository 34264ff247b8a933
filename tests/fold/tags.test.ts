import { entityKey } from '../../services/fold/fact';
import { emptyLedger, takeLifecycle } from '../../services/fold/ledger';
import { timelineOf } from '../../services/fold/entity';
import { runSubmitted, tellLifecycle } from '../support/told';

/** The tags of a run that was submitted so, at these moments. */
function tagsAfter(submitted: readonly (readonly [atMs: number, tags: unknown])[]): unknown {
  const ledger = emptyLedger({ latenessMs: 1000, dedupeMs: 5000, sampleTtlMs: 600, asOfMs: null });
  const { type, data } = runSubmitted('r');
  for (const [atMs, tags] of submitted) {
    const run = { ...(data['run'] as object), ...(tags === undefined ? {} : { tags }) };
    takeLifecycle(ledger, tellLifecycle({ type, data: { ...data, run }, atMs }), 300);
  }
  const run = ledger.entities.get(entityKey({ kind: 'run', id: 'r' }));
  const timeline = run && timelineOf(run);
  return timeline?.kind === 'run' ? timeline.description?.tags : 'no run';
}

test.each([
  ['none', [[100, undefined]], undefined],
  [
    'those of the latest, as a whole',
    [
      [100, { a: '1', b: '2' }],
      [200, { a: '3' }],
    ],
    { a: '3' },
  ],
  [
    'whatever the order',
    [
      [200, { a: '3' }],
      [100, { a: '1', b: '2' }],
    ],
    { a: '3' },
  ],
  [
    'those of the latest that has them',
    [
      [100, { a: '1' }],
      [200, undefined],
      [250, null],
    ],
    { a: '1' },
  ],
  [
    'an empty object has them',
    [
      [100, { a: '1' }],
      [200, {}],
    ],
    {},
  ],
  ['null is an absent tag', [[100, { a: null, b: '' }]], { b: '' }],
] as const)('a run’s tags: %s', (_, submitted, tags) => {
  expect(tagsAfter(submitted)).toEqual(tags);
});
