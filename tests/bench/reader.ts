/**
 * The exposition reader: how fast it is, how few bytes a page becomes on the log, and whether it reads
 * 100,000 pages as Python's `prometheus_client` does. `PAGES=` and `SEED=` compare more, or others.
 */
import { gzipSync } from 'node:zlib';
import { pageEventOf } from '../../services/exposition/page-event';
import { readPage } from '../../services/exposition/reader';
import { seriesOf } from '../../services/exposition/series';
import { comparePages } from '../exposition/differential';
import { gpuPage } from './gpu-page';
import { measure } from './measure';

const GPUS = 8;
const CHUNK = 5000;

export async function run(): Promise<void> {
  const page = gpuPage(GPUS);
  const lines = page.toString().split('\n').length - 1;
  const origin = {
    format: 'text',
    target: { instance: { id: 'i' } },
    exporter: 'dcgm',
    source: '/bench',
    timeMs: 0,
  } as const;
  const rounds = 20;
  const each = (work: () => unknown) => () => {
    for (let i = 0; i < rounds; i++) work();
  };
  await measure(`a line of a page of ${String(GPUS)} GPUs x 49 fields`, rounds * lines, [
    ['split into lines', each(() => page.toString().split('\n'))],
    ['read', each(() => readPage(page, 'text'))],
    [
      'read and gathered',
      each(() => {
        const read = readPage(page, 'text');
        return read.kind === 'page' ? seriesOf(read) : read;
      }),
    ],
    ['as an event', each(() => pageEventOf(page, origin, 'all'))],
  ]);
  const made = pageEventOf(page, origin, 'all');
  if (made.kind !== 'event') throw new Error(made.detail);
  const [raw, event] = [page.length, Buffer.byteLength(made.json)];
  const [rawZipped, eventZipped] = [gzipSync(page).length, gzipSync(made.json).length];
  console.log(`\nbytes: ${String(raw)} as text, ${String(event)} as an event (${(event / raw).toFixed(3)})`);
  console.log(
    `gzipped: ${String(rawZipped)} as text, ${String(eventZipped)} as an event (${(eventZipped / rawZipped).toFixed(3)})`,
  );
  compare(Number(process.env['SEED'] ?? 1), Number(process.env['PAGES'] ?? 100_000));
}

function compare(firstSeed: number, pages: number): void {
  const sum = { valid: 0, invalid: 0 };
  const differences: string[] = [];
  for (let done = 0; done < pages; done += CHUNK) {
    const compared = comparePages(firstSeed + done, Math.min(CHUNK, pages - done));
    sum.valid += compared.valid;
    sum.invalid += compared.invalid;
    differences.push(...compared.differences);
  }
  console.log(
    `\nagainst Python: ${String(sum.valid)} valid pages, ${String(sum.invalid)} invalid ones, ${String(differences.length)} differences`,
  );
  for (const difference of differences.slice(0, 10)) console.log(difference);
  if (differences.length > 0) process.exitCode = 1;
}
