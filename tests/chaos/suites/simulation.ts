import { BUGS } from '../../simulation/planted';
import { findBug, playSeeds } from '../../simulation/seeds';
import type { Options } from '../suite';
import { printTable, quantiles } from '../table';

/**
 * The protocol under faults drawn from seeds, and the planted bugs that it must find. Options: `from`,
 * `seeds`.
 */
export async function run(options: Options): Promise<readonly string[]> {
  const from = options.get('from') ?? 0;
  const count = options.get('seeds') ?? 10_000;
  const wrong: string[] = [];
  const recoveriesMs: number[] = [];
  let pages = 0;
  let faults = 0;
  const startMs = performance.now();
  for await (const outcome of playSeeds(from, count)) {
    wrong.push(...outcome.failures.map((failure) => `seed ${outcome.seed}: ${failure}`));
    if (outcome.recoveryMs !== null) recoveriesMs.push(outcome.recoveryMs);
    pages += outcome.pages;
    faults += outcome.diary.length;
  }
  const seconds = (performance.now() - startMs) / 1000;
  printTable(
    'Simulation',
    ['seeds', 'faults', 'pages', 'differences', 'p50', 'p99', 'max', 'wall time'],
    [[count, faults, pages, wrong.length, ...quantiles(recoveriesMs), `${seconds.toFixed(0)} s`].map(String)],
  );
  const found: string[][] = [];
  for (const bug of BUGS) {
    const outcome = await findBug(bug, count);
    if (outcome === null) wrong.push(`planted, and not found: ${bug}`);
    found.push([
      bug,
      outcome === null ? 'not found' : String(outcome.seed),
      outcome?.failures[0]?.slice(0, 70) ?? '',
    ]);
  }
  printTable('Planted bugs', ['bug', 'first seed', 'first failure'], found);
  return wrong;
}
