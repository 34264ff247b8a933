import { setTimeout as delay } from 'node:timers/promises';
import { comparePages } from '../../bridge/dstack/compare';
import type { Comparison, PageAt } from '../../bridge/dstack/compare';
import type { DstackClient } from '../../bridge/dstack/client';
import { DstackError } from '../../bridge/dstack/line';
import type { ServerClock } from '../../bridge/dstack/server-clock';
import { CommandError, EXIT } from '../exit';
import { printable } from '../printable';
import type { Settings } from '../settings';
import { openServerClient } from '../server-client';
import type { ServerClient } from '../server-client';

interface ComparedSides {
  readonly client: DstackClient;
  readonly clock: ServerClock;
}

/** What has just changed may not be on our page yet: only what differs each time counts as a difference. */
const ROUNDS = 6;
const ROUND_MS = 5000;
/** dstack's `Date` is truncated to the second. */
const CLOCK_MS = 1500;
const PRINTED = 50;

/**
 * `bridge dstack --compare`: prints the series in which dstack's page and ours differ. Exit code 1 if there
 * are any.
 */
export async function compareDstack(sides: ComparedSides, settings: Settings): Promise<void> {
  const client = openServerClient(settings, 'start one with "npm start"');
  try {
    await compare(sides, (atMs) => fetchOurs(client, settings, atMs));
  } finally {
    client.close();
  }
}

type FetchOurs = (atMs: number) => Promise<PageAt>;

async function compare(sides: ComparedSides, ours: FetchOurs): Promise<void> {
  let comparison = await compareOnce(sides, ours);
  for (let round = 1; round < ROUNDS && comparison.differences.length > 0; round++) {
    await delay(ROUND_MS);
    const again = await compareOnce(sides, ours);
    const before = new Set(comparison.differences.map(({ series }) => series));
    comparison = { ...again, differences: again.differences.filter(({ series }) => before.has(series)) };
  }
  print(comparison);
  const { length } = comparison.differences;
  if (length > 0) throw new CommandError(EXIT.no, `${length.toLocaleString('en')} series differ`);
}

async function compareOnce(sides: ComparedSides, fetchOurs: FetchOurs): Promise<Comparison> {
  const { client, clock } = sides;
  const page = await client.page().catch((error: unknown) => {
    throw error instanceof DstackError ? new CommandError(EXIT.away, error.message) : error;
  });
  const tookMs = Date.now() - page.sentMs;
  // By our clock: dstack's may differ, and the ages on its page are by its own.
  const aheadMs = clock.aheadMs() ?? 0;
  const dstack = { bytes: page.bytes, atMs: page.sentMs + aheadMs };
  const ours = await fetchOurs(Date.now() + Math.max(0, aheadMs) + 1000);
  return comparePages(dstack, ours, tookMs + CLOCK_MS);
}

async function fetchOurs(client: ServerClient, { scrapeToken }: Settings, atMs: number): Promise<PageAt> {
  const path = `/metrics?at=${new Date(atMs).toISOString()}`;
  const headers = scrapeToken === undefined ? {} : { authorization: `Bearer ${scrapeToken}` };
  const { status, body } = await client.ask(path, headers);
  if (status === 200) return { bytes: body, atMs };
  const detail = `${client.url}${path} answered ${String(status)}: ${body.toString().trim().slice(0, 300)}`;
  throw new CommandError(EXIT.away, detail);
}

function print({ same, differences, notComparable }: Comparison): void {
  const lines = differences
    .slice(0, PRINTED)
    .map(
      ({ series, dstack, fleetmeter }) =>
        `${printable(series)}\n  dstack ${shown(dstack)}, fleetmeter ${shown(fleetmeter)}`,
    );
  if (differences.length > PRINTED)
    lines.push(`… and ${(differences.length - PRINTED).toLocaleString('en')} more`);
  lines.push(`${same.toLocaleString('en')} series are the same`);
  for (const [why, count] of notComparable) lines.push(`not compared: ${count.toLocaleString('en')}, ${why}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function shown(value: number | undefined): string {
  return value === undefined ? 'has none' : String(value);
}
