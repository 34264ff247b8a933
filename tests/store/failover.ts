import type { RedisStore } from '../../services/store/redis/store';
import { changesOf, load, shown, takeOver } from './world';

/** As docs/how-to/redis.md wants servers to be, of which another one may take the place. */
export const WITH_REPLICAS = [
  'maxmemory-policy noeviction',
  'min-replicas-to-write 1',
  'min-replicas-max-lag 2',
];

/** Asks until the store answers: the new primary refuses writes until it has a replica. */
async function answered<T extends { readonly kind: string }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.kind !== 'unavailable') return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a store owes after a failover, of the server that has partition 0 of the prefix `failover`. */
export function testFailover(open: (prefix: string) => RedisStore, failover: () => Promise<void>): void {
  test('a failover is followed, the owner before is fenced, and nothing is shown until the next one has caught up', async () => {
    const store = open('failover');
    const owner = await takeOver(store);
    await owner.commit([shown('a', '1')]);
    await failover();
    expect(await answered(() => store.commit(owner.next()))).toEqual({ kind: 'stale' });
    expect(await changesOf(store, null)).toMatchObject({ kind: 'unavailable' });
    const acquired = await answered(() => store.acquire(0));
    expect(acquired).toMatchObject({ kind: 'acquired', counter: 1, behind: true });
    await (await takeOver(store)).commit([shown('b', '1')]);
    expect(await load(store)).toEqual(new Map(Object.entries({ a: '1', b: '1' })));
    await store.close();
  });
}
