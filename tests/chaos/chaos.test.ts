/** Short forms of what `npm run chaos -- NAME` runs for longer. */
import { run as kill } from './suites/kill';
import { run as network } from './suites/network';
import { run as producers } from './suites/producers';
import { run as redis } from './suites/redis';
import { depth } from '../support/depth';
import type { Suite } from './suite';

jest.setTimeout(depth(10, 30) * 60_000);

beforeAll(() => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

test.each<[string, Suite['run'], Readonly<Record<string, number>>]>([
  ['kill -9 of aggregators, an exporter and a broker', kill, { kills: depth(3, 20), brokers: 1 }],
  [
    'a failover by Sentinel, and a restore of an older snapshot',
    redis,
    { failovers: depth(1, 9), restores: depth(1, 4) },
  ],
  ['careless producers', producers, { seconds: depth(4, 40) }],
  [
    'resets and half-open connections between aggregators, Redis and Kafka',
    network,
    { faults: depth(2, 12) },
  ],
])('%s: no difference from the log, no counter falls', async (_, run, options) => {
  expect(await run(new Map(Object.entries(options)))).toEqual([]);
});
