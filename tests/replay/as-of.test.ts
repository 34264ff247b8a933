import * as fc from 'fast-check';
import { writePage } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import { viewsAsOf } from '../../services/replay/as-of';
import { foldNaively, type LogPlace } from '../oracle/index';
import { historyArbitrary } from '../support/history';
import { differencesOf, readPage } from '../support/page-series';
import { playLive } from './play';
import { openReplayWorld, type ReplayWorld } from './world';
import { depth } from '../support/depth';

jest.setTimeout(120_000);

const RUNS = depth(16, 60);
const LINES = 120;
/** For the oracle: on no partition of its own. */
const NOWHERE = -1;

/** All that is on the log, as the oracle reads it. */
async function logged(world: ReplayWorld): Promise<{ lines: string[]; places: LogPlace[] }> {
  const lines: string[] = [];
  const places: LogPlace[] = [];
  for (const topic of ['lifecycle', 'telemetry'] as const) {
    for (let partition = 0; partition < world.log.partitions; partition++) {
      for await (const records of world.log.read(topic, partition, 0, Infinity)) {
        for (const { value, appendTimeMs } of records) {
          const line = value?.toString() ?? '';
          lines.push(line);
          const isSample = line.includes('.sampled.v1"');
          places.push({
            partition: isSample === (topic === 'telemetry') ? partition : NOWHERE,
            appendTimeMs,
          });
        }
      }
    }
  }
  return { lines, places };
}

test('the page as of a moment of the past is what the log says of it', async () => {
  await fc.assert(
    fc.asyncProperty(
      historyArbitrary(LINES),
      fc.noShrink(fc.nat()),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (history, seed, part) => {
        const world = await openReplayWorld(history.settings);
        await playLive(world, history, seed);
        const startMs = Date.UTC(2026, 10, 24, 8);
        const atMs = Math.round(startMs + part * (world.nowMs - startMs));
        const { sampleTtlMs } = history.settings;
        const told = { onTotal: () => undefined, onFolded: () => undefined };
        const views = await viewsAsOf({ log: world.log, settings: history.settings, atMs, ...told });
        const page = [...writePage(views, { format: 'text', atMs, sampleTtlMs, selection: WHOLE_PAGE })].join(
          '',
        );
        const { lines, places } = await logged(world);
        const { series } = foldNaively(lines, { ...history.settings, atMs, places });
        // As it goes over the wire: a lone surrogate does not.
        expect(differencesOf(series, readPage(Buffer.from(page).toString()))).toEqual([]);
        await world.close();
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
});
