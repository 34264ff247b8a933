/** How large a page was, and who is told when it has become too large. */
import { openPageSizes } from '../../services/exporter/page-size';
import { openProcessMetrics } from '../../services/process/metrics';
import type { Selection } from '../../services/page/selection';

const MIB = 1024 * 1024;
const WHOLE: Selection = { project: null, scope: null, shard: null };

function open() {
  const metrics = openProcessMetrics();
  const said: Readonly<Record<string, unknown>>[] = [];
  const note = openPageSizes(metrics, { warn: (fields) => void said.push(fields) });
  return {
    said,
    note: (bytes: number, selection = WHOLE) => {
      note({ format: 'text', atMs: null, selection }, bytes);
    },
    sizes: async () =>
      (await metrics.pageBytes.get()).values.map(({ labels, value }) => [labels.part, labels.format, value]),
  };
}

test('the last size of each part is kept', async () => {
  const { note, sizes } = open();
  note(10);
  note(11);
  note(3, { ...WHOLE, shard: { index: 0, count: 4 } });
  note(2, { ...WHOLE, shard: { index: 3, count: 4 } });
  note(1, { ...WHOLE, project: 'main' });
  note(1, { ...WHOLE, scope: ['main'] });
  expect(await sizes()).toEqual([
    ['whole', 'text', 11],
    ['first_shard', 'text', 3],
    ['shard', 'text', 2],
    ['projects', 'text', 1],
  ]);
});

test('a page above 16 MiB is said once, with shards that are at most half of it, and again when it was smaller', () => {
  const { note, said } = open();
  note(16 * MIB);
  expect(said).toEqual([]);
  note(16 * MIB + 1);
  note(40 * MIB);
  expect(said).toEqual([{ bytes: 16 * MIB + 1, shards: 3 }]);
  note(16 * MIB);
  note(40 * MIB);
  expect(said[1]).toEqual({ bytes: 40 * MIB, shards: 5 });
  // One of four shards is as large as the whole should have been.
  note(20 * MIB, { ...WHOLE, shard: { index: 1, count: 4 } });
  expect(said[2]).toEqual({ bytes: 20 * MIB, shards: 10 });
});
