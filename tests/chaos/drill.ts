import { setTimeout as delay } from 'node:timers/promises';
import type { Deployment } from './deployment';
import type { Load } from './load';
import { printTable, quantiles } from './table';

/**
 * Something that befalls a deployment; `strike` resolves when it is over, and what was taken away is there
 * again.
 */
export interface Fault {
  readonly kind: string;
  /**
   * What is measured: until the `process` is back; how long there was no newer `page`; or, of a fault that
   * lasts, until a page as of `after its end`.
   */
  readonly measures: 'process' | 'page' | 'after its end';
  strike(): Promise<void>;
}

const RECOVERY_PATIENCE_MS = 180_000;
const COMPARE_EVERY = 25;
const REST_MS = 1500;

/**
 * Lets the faults befall in turn, `count` in all, under load; prints a table of them, and answers what is not
 * as it must be, a line each.
 */
export async function drill(
  title: string,
  deployment: Deployment,
  load: Load,
  faults: readonly Fault[],
  count: number,
): Promise<readonly string[]> {
  const { prometheus } = deployment;
  const recoveriesMs = new Map<string, number[]>(faults.map(({ kind }) => [kind, []]));
  const wrong: string[] = [];
  let comparisons = 0;

  async function compare(): Promise<void> {
    await load.pause();
    wrong.push(...(await deployment.differences()));
    comparisons++;
    load.resume();
  }

  /** null: it has not recovered. */
  async function recoveryFrom({ kind, measures, strike }: Fault): Promise<number | null> {
    const beganMs = Date.now();
    await strike();
    const endedMs = Date.now();
    try {
      const shownMs = await prometheus.pageAsOf(endedMs, RECOVERY_PATIENCE_MS);
      const times = {
        process: endedMs - beganMs,
        page: prometheus.longestGapMs(beganMs, shownMs),
        'after its end': shownMs - endedMs,
      };
      return times[measures];
    } catch (error) {
      wrong.push(`${kind}: ${String(error)}`);
      console.error(`${new Date().toISOString()} ${kind}\n${await deployment.diagnosis()}`);
      return null;
    }
  }

  const startMs = Date.now();
  await prometheus.pageAsOf(startMs, RECOVERY_PATIENCE_MS);
  for (let number = 0; number < count; number++) {
    const fault = faults[number % faults.length];
    if (fault === undefined) break;
    const recoveryMs = await recoveryFrom(fault);
    if (recoveryMs !== null) recoveriesMs.get(fault.kind)?.push(recoveryMs);
    if ((number + 1) % COMPARE_EVERY === 0 && number + 1 < count) await compare();
    await delay(Math.random() * REST_MS);
  }
  await compare();
  const { fallen, pages, gaps } = prometheus;
  printTable(
    `${title}: recovery`,
    ['fault', 'measured', 'times', 'p50', 'p99', 'max'],
    [...recoveriesMs].map(([kind, times]) => [
      kind,
      MEASURED[measureOf(faults, kind)],
      String(times.length),
      ...quantiles(times),
    ]),
  );
  printTable(
    title,
    ['faults', 'events', 'rebalances', 'pages', 'gaps', 'comparisons', 'differences', 'decreases', 'minutes'],
    [
      [count, load.sent, deployment.rebalances(), pages, gaps, comparisons, wrong.length, fallen.length]
        .map(String)
        .concat(((Date.now() - startMs) / 60_000).toFixed(1)),
    ],
  );
  return [...wrong, ...fallen];
}

const MEASURED: Readonly<Record<Fault['measures'], string>> = {
  process: 'until the process is back',
  page: 'longest time without a newer page',
  'after its end': 'until a page as of its end',
};

function measureOf(faults: readonly Fault[], kind: string): Fault['measures'] {
  return faults.find((fault) => fault.kind === kind)?.measures ?? 'page';
}
