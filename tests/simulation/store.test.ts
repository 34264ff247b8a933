/** What the simulated store is worth: it keeps to the contract of the real ones, and forgets as they do. */
import { commitContract } from '../store/contract-commit';
import { modelTest } from '../store/model';
import { type Current, changesOf, deltaOf, load, shown, takeOver } from '../store/world';
import { openHost } from './host';
import { CALM, type Network } from './network';
import { openScheduler } from './scheduler';
import { openSimulatedStore } from './store';
import { openStoreServer, type StoreServer } from './store-server';
import type { GenerationStore } from '../../services/store/port';

/** Everything arrives at once. */
const direct: Network = {
  weather: CALM,
  request: (_, execute) => Promise.resolve(execute()),
  hopMs: () => 0,
};

// Set by beforeEach.
const now = {} as Current;
let server: StoreServer;

function open(): GenerationStore {
  const place = { server, network: direct, away: () => null };
  const store = openSimulatedStore(
    place,
    openHost(
      'a replica',
      openScheduler(() => false),
      0,
    ),
  );
  return Object.assign(store, { generations: {} as GenerationStore['generations'] });
}

beforeEach(() => {
  server = openStoreServer(2, Date.now, 2_048);
  now.world = { open, openOther: open, end: () => undefined };
  now.store = open();
});

commitContract(now);

test('changes and takeovers follow a model, with replicas that lag', () => modelTest(now.world, now.store));

test('another server with older data is behind, and knows no version of before', async () => {
  const owner = await takeOver(now.store);
  await owner.commit([shown('a', '1')]);
  const { version } = await deltaOf(now.store, null);
  const { moment } = server;
  await owner.commit([shown('a', 'lost')]);
  server.becomeAnother(moment, 0);
  expect(await changesOf(now.store, version)).toMatchObject({ kind: 'unavailable' });
  expect(await now.store.commit({ ...owner.next(), fromCounter: 1 })).toEqual({ kind: 'stale' });
  const after = await takeOver(now.store);
  expect(after).toMatchObject({ counter: 1, behind: true });
  await after.commit();
  expect(await changesOf(now.store, version)).toEqual({ kind: 'reload' });
  expect(await load(now.store)).toEqual(new Map([['a', '1']]));
});
