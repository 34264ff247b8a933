/** A short form of what `npm run chaos -- NAME` runs for longer; chaos.deep.test.ts has all of it. */
import { expectNoFault } from './expect';
import { run as kill } from './suites/kill';

jest.setTimeout(600_000);

test('kill -9 of an aggregator, an exporter and a broker', () =>
  expectNoFault(kill, { kills: 3, brokers: 1 }));
