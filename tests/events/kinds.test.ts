import { KINDS, statusRank } from '../../events/kinds';

test.each([
  ['instance', 'pending provisioning idle busy terminating', 'terminated'],
  ['run', 'pending submitted provisioning running terminating', 'terminated failed done'],
  ['job', 'submitted provisioning pulling running terminating', 'terminated aborted failed done'],
  ['volume', 'active', 'deleted'],
] as const)('statuses of a %s, in order', (kind, unfinished, finished) => {
  const { statuses } = KINDS[kind];
  expect(statuses.unfinished.join(' ')).toBe(unfinished);
  expect(statuses.finished.join(' ')).toBe(finished);
  const all = `${unfinished} ${finished}`.split(' ');
  expect(all.map((status) => statusRank(kind, status))).toEqual([...all.keys()]);
});

test('what is no status of the kind has no rank', () => {
  expect(statusRank('instance', 'running')).toBe(-1);
});
