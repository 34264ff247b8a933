import { openLayout } from '../../services/page/layout';
import type { Layout } from '../../services/page/layout';
import { writePieces } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import type { Selection } from '../../services/page/selection';
import type { PartitionView } from '../../services/view/view';
import { report } from './figure';
import { viewOf } from './page';

/**
 * Pages of more and more series: the time of a series is to stay what it is, a shard is to cost its share.
 * CPU time, all sizes in turns; all that accrues moves from page to page.
 */
const QUICK = process.argv.includes('--quick');
/** A job and its instance have eleven series. */
const JOBS = QUICK ? [1000, 10_000] : [1000, 10_000, 90_000];
const ROUNDS = 10;
const SHARDS = 8;

interface Sized {
  readonly view: PartitionView;
  readonly layout: Layout;
  readonly series: number;
}

function openSized(jobs: number): Sized {
  const view = viewOf(jobs, []);
  const layout = openLayout();
  let series = 0;
  for (const { bytes } of writePieces([view], requestOf(null), layout)) {
    for (const byte of bytes) if (byte === 0x0a) series++;
  }
  return { view, layout, series };
}

function requestOf(shard: Selection['shard']) {
  return { format: 'text', atMs: null, sampleTtlMs: 600_000, selection: { ...WHOLE_PAGE, shard } } as const;
}

/** Milliseconds of CPU time, of one page. */
function timeOf({ view, layout }: Sized, shard: Selection['shard'] = null, times = 1): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    view.pageTimeMs += 1000;
    for (const { bytes } of writePieces([view], requestOf(shard), layout))
      if (bytes.length === 0) throw new Error('an empty piece');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

export function run(): Promise<void> {
  const sizes = JOBS.map(openSized);
  const microseconds = sizes.map((): number[] => []);
  const shares: number[] = [];
  const [largest] = sizes.slice(-1);
  if (largest === undefined) throw new Error('no size');
  for (let round = -3; round < ROUNDS; round++) {
    // So that each is measured over about as many series.
    const spent = sizes.map(
      (sized) => (timeOf(sized, null, Math.ceil(largest.series / sized.series)) * 1000) / sized.series,
    );
    const whole = timeOf(largest);
    const shard = timeOf(largest, { index: SHARDS - 1, count: SHARDS });
    if (round < 0) continue;
    for (const [i, us] of spent.entries()) microseconds[i]?.push(us);
    shares.push((shard * SHARDS) / whole);
  }
  const smallest = microseconds[0] ?? [];
  for (const [i, { series }] of sizes.entries()) {
    if (i === 0) continue;
    const rounds = (microseconds[i] ?? []).map((us, n) => us / (smallest[n] ?? NaN));
    const more = { series, microsecondsASeries: medianOf(microseconds[i] ?? []) };
    report({
      bench: 'scale',
      figure: `a series of ${series} / of ${sizes[0]?.series}`,
      unit: 'times the CPU time',
      goal: { atMost: 1.2 },
      rounds,
      more,
    });
  }
  const more = { series: largest.series, shards: SHARDS };
  report({
    bench: 'scale',
    figure: 'a shard / its share of the page',
    unit: 'times the CPU time',
    goal: { atMost: 1.3 },
    rounds: shares,
    more,
  });
  return Promise.resolve();
}

function medianOf(values: readonly number[]): number {
  return Number((values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN).toPrecision(3));
}
