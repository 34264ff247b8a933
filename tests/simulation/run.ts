import { openProcessMetrics } from '../../services/process/metrics';
import { openRandom, type Random } from '../support/history-random';
import { errorsOnly } from './errors';
import { playFaults, type Faults } from './faults';
import { tellOfFleet } from './fleet';
import { openGroup } from './group';
import { openHost } from './host';
import { openSimulatedLog } from './log';
import { openLogServer, recordOf, type LogServer } from './log-server';
import { openNetwork, type Network } from './network';
import { openStoreWith, type Bug } from './planted';
import { foldPlainly } from './reference';
import { openReplica, type Replica, type Scraped } from './replica';
import { openScheduler, type Scheduler } from './scheduler';
import { openStoreServer, type StoreServer } from './store-server';
import { openScraper, openWitness, type Scraper, type Witness } from './witness';

/** What came of a seed. */
export interface Outcome {
  readonly seed: number;
  /** What may not be; empty: all is right. */
  readonly failures: readonly string[];
  readonly diary: readonly string[];
  readonly pages: number;
  /** From the last fault to the first page of all that is on the log; null: never. */
  readonly recoveryMs: number | null;
}

const OWNERS = 2;
const REPLICAS = 2;
const EPOCH_MS = Date.UTC(2026, 10, 24, 8);
/** Few commits are remembered, so that replicas must load anew now and then. */
const REMEMBERED = 12;
const LOG_LAG_MS = 300;
const STEP_MS = 250;
const PATIENCE_MS = 150_000;
/** What a wrong clock has hastened (samples that expired, totals) comes by itself within this time. */
const EVEN_MS = 5000;
const SCRAPE_PATIENCE_MS = 12_000;

/** Shared by all runs: what they count is not looked at, and opening them anew costs more than a run. */
const metrics = openProcessMetrics();
const errors = errorsOnly();

interface World {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: Network;
  readonly store: StoreServer;
  readonly log: LogServer;
  readonly faults: Faults;
  readonly replicas: Replica[];
  readonly witness: Witness;
  readonly failures: string[];
}

/**
 * Plays one seed: a fleet's events, two owners, two replicas that are scraped in turn, and what befalls them.
 */
export async function runSeed(seed: number, bug: Bug | null = null): Promise<Outcome> {
  const random = openRandom(seed);
  const partitions = random.pick([1, 1, 2]);
  const replicas: Replica[] = [];
  const scheduler = openScheduler(() => replicas.some((replica) => replica.isWriting()));
  const trueNowMs = (): number => EPOCH_MS + scheduler.now();
  const network = openNetwork(scheduler, random);
  const store = openStoreServer(partitions, trueNowMs, REMEMBERED);
  const log = openLogServer(partitions, trueNowMs, () => random.integer(0, LOG_LAG_MS));
  const failures: string[] = [];
  const away: { faults: Faults | null } = { faults: null };
  const storePlace = { server: store, network, away: () => away.faults?.storeAway() ?? null };
  const logPlace = { server: log, network, random, away: () => away.faults?.logAway() ?? null };
  const settings = {
    latenessMs: random.pick([2000, 4000, 86_400_000]),
    dedupeMs: 30 * 86_400_000,
    sampleTtlMs: random.pick([500, 2000]),
    asOfMs: null,
  };
  errors.onError = (line) => failures.push(line);

  const group = openGroup(
    {
      ...{ scheduler, random, settings, metrics, logger: errors.logger, partitions },
      openStore: (host) => openStoreWith(bug, storePlace, host),
      openLog: (host) => openSimulatedLog(logPlace, host),
      fail: (what) => failures.push(what),
    },
    OWNERS,
  );
  const openOne = (number: number): Replica => {
    const host = openHost(`replica ${number}`, scheduler, 0);
    return openReplica(openStoreWith(null, storePlace, host), settings.sampleTtlMs);
  };
  for (let number = 0; number < REPLICAS; number++) replicas.push(openOne(number));
  const replaceReplica = (): void => {
    const number = random.integer(0, REPLICAS - 1);
    replicas[number] = openOne(number);
  };

  const busyMs = random.integer(2500, 6000);
  const faults = playFaults(
    { scheduler, random, group, places: OWNERS, store, log, network, replaceReplica },
    busyMs,
  );
  away.faults = faults;
  const world: World = {
    scheduler,
    random,
    network,
    store,
    log,
    faults,
    replicas,
    witness: openWitness(() => faults.hadWrongClock()),
    failures,
  };
  produce(world, busyMs);
  scrapeForEver(world, openScraper(), 500);
  scrapeForEver(world, openScraper(), 1200);

  await scheduler.runUntil(busyMs);
  const recoveryMs = await settle(world, busyMs);
  if (recoveryMs === null) failures.push(...ahead(store), 'it did not recover');
  else await check(world, settings);
  return {
    seed,
    failures: [...failures, ...world.witness.failures],
    diary: faults.diary,
    pages: world.witness.pages,
    recoveryMs,
  };
}

function produce({ scheduler, random, log }: World, forMs: number): void {
  for (const { atMs, line, strays } of tellOfFleet(random, forMs, EPOCH_MS)) {
    scheduler.after(atMs, () => {
      const record = recordOf(line, log.partitions, 0);
      log.append(strays ? { ...record, partition: (record.partition + 1) % log.partitions } : record);
    });
  }
}

/** One replica after the other, as a load balancer has it. */
function scrapeForEver(world: World, scraper: Scraper, aboutMs: number): void {
  const { scheduler, random, failures } = world;
  let turn = 0;
  const next = (): void => {
    scheduler.after(random.integer(aboutMs / 2, aboutMs * 1.5), () => {
      void scrape(world, turn++ % REPLICAS).then((scraped) => {
        if (scraped?.body !== undefined) failures.push(...scraper.saw(scraped.body));
        next();
      });
    });
  };
  next();
}

async function scrape({ scheduler, replicas, witness }: World, number: number): Promise<Scraped | null> {
  const told = witness.begin();
  const replica = replicas[number];
  if (replica === undefined) return null;
  const patience = new Promise<null>((resolve) => scheduler.after(SCRAPE_PATIENCE_MS, () => resolve(null)));
  const scraped = await Promise.race([replica.get(null), patience]);
  if (scraped !== null) told(scraped, `replica ${number}`);
  return scraped;
}

/** Waits until the faults are over and all that is on the log is shown; answers how long that took. */
async function settle({ scheduler, store, log, faults }: World, fromMs: number): Promise<number | null> {
  while (scheduler.now() < fromMs + PATIENCE_MS) {
    await scheduler.runUntil(scheduler.now() + STEP_MS);
    if (!faults.areOver() || !isCaughtUp(store, log)) continue;
    const tookMs = scheduler.now() - fromMs;
    if (faults.hadWrongClock()) await scheduler.runUntil(scheduler.now() + EVEN_MS);
    return tookMs;
  }
  return null;
}

function isCaughtUp(store: StoreServer, log: LogServer): boolean {
  return store.partitions.every(({ last }, number) => {
    if (last === null || store.changes(number, null).kind !== 'delta') return false;
    if (Math.abs(last.head.pageTimeMs - store.nowMs()) > 2000) return false;
    return (['lifecycle', 'telemetry'] as const).every(
      (topic) => last.head.positions[topic] === log.bounds(topic, number, true).end,
    );
  });
}

function ahead(store: StoreServer): string[] {
  return store.partitions.flatMap(({ last }, number) => {
    const aheadMs = (last?.head.pageTimeMs ?? 0) - store.nowMs();
    return aheadMs > 2000 ? [`page time of ${number} is ahead of the clock by ${aheadMs} ms`] : [];
  });
}

async function check(world: World, settings: Parameters<typeof foldPlainly>[2]): Promise<void> {
  const { scheduler, store, log, failures } = world;
  const stored = store.partitions;
  const reference = foldPlainly(log, stored, settings);
  failures.push(...reference.differencesOf(stored), ...reference.missingCopies());
  const atMs = store.nowMs() + 10_000;
  const expected = reference.pageAt(atMs);
  for (const [number, replica] of world.replicas.entries()) {
    const answers: Scraped[] = [];
    void replica.get(atMs).then((scraped) => answers.push(scraped));
    for (let tries = 0; answers.length === 0 && tries < 100; tries++)
      await scheduler.runUntil(scheduler.now() + 100);
    const page = answers[0]?.page;
    if (page?.kind !== 'page')
      failures.push(`replica ${number} has no page at the end: ${JSON.stringify(page)}`);
    else if (answers[0]?.body !== expected)
      failures.push(`replica ${number}: the page at ${atMs} is not the log's`);
  }
}
