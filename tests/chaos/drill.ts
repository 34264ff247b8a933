import { setTimeout as delay } from 'node:timers/promises';
import type { Deployment } from './deployment';
import type { Load } from './load';
import { printTable, quantiles } from './table';

/** Something that befalls a deployment; `strike` resolves when whatever was taken away is there again. */
export interface Fault {
  readonly kind: string;
  /** `process`: back when the process is; `page`: when a page shows what came after the fault. */
  readonly backWith: 'process' | 'page';
  strike(): Promise<void>;
}

export interface Drill {
  readonly faults: number;
  /** What is not as it must be, a line each. */
  readonly wrong: readonly string[];
}

const RECOVERY_PATIENCE_MS = 180_000;
/** A page as of so long after a fault is one that has got over it. */
const AFTER_MS = 1000;
const COMPARE_EVERY = 25;
const REST_MS = 1500;

/** Lets the faults befall in turn, `count` in all, under load; prints a table of them. */
export async function drill(
  title: string,
  deployment: Deployment,
  load: Load,
  faults: readonly Fault[],
  count: number,
): Promise<Drill> {
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

  const startMs = Date.now();
  await prometheus.pageAsOf(startMs, RECOVERY_PATIENCE_MS);
  for (let number = 0; number < count; number++) {
    const fault = faults[number % faults.length];
    if (fault === undefined) break;
    const struckMs = Date.now();
    const striking = fault.strike().then(() => Date.now());
    const shownMs = await prometheus.pageAsOf(struckMs + AFTER_MS, RECOVERY_PATIENCE_MS);
    const backMs = await striking;
    recoveriesMs.get(fault.kind)?.push((fault.backWith === 'page' ? shownMs : backMs) - struckMs);
    if ((number + 1) % COMPARE_EVERY === 0 && number + 1 < count) await compare();
    await delay(Math.random() * REST_MS);
  }
  await compare();
  const { fallen, pages, gaps } = prometheus;
  printTable(
    `${title}: recovery, from the fault until a page as of ${AFTER_MS / 1000} s after it`,
    ['fault', 'times', 'p50', 'p99', 'max'],
    [...recoveriesMs].map(([kind, times]) => [kind, String(times.length), ...quantiles(times)]),
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
  return { faults: count, wrong: [...wrong, ...fallen] };
}
