/** What `npm run chaos -- NAME` runs for longer. */
import { expectNoFault } from './expect';
import { run as kill } from './suites/kill';
import { run as network } from './suites/network';
import { run as producers } from './suites/producers';
import { run as redis } from './suites/redis';

jest.setTimeout(1_800_000);

test('kill -9 of aggregators, exporters and a broker', () => expectNoFault(kill, { kills: 20, brokers: 1 }));

test('failovers by Sentinel, and restores of an older snapshot', () =>
  expectNoFault(redis, { failovers: 9, restores: 4 }));

test('careless producers', () => expectNoFault(producers, { seconds: 40 }));

test('resets and half-open connections between aggregators, Redis and Kafka', () =>
  expectNoFault(network, { faults: 12 }));
