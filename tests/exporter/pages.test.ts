/** Rounds: which scrapes share one reading of the store, and what a replica does where reading fails. */
import { openPages, type Answer, type AskedPage } from '../../services/exporter/pages';
import { openViews } from '../../services/exporter/views';
import { WHOLE_PAGE } from '../../services/page/selection';
import { StoreReadError, type StateStore } from '../../services/store/port';
import { readPage } from '../support/page-series';
import { instanceStarted, type Told } from '../support/told';
import { SAMPLE_TTL_MS, openWorld, type World } from './world';

const NOW = Date.UTC(2026, 10, 24, 8);
const ASKED: AskedPage = { format: 'text', atMs: null, selection: WHOLE_PAGE };

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

function instance(id: string): Told {
  return { ...instanceStarted(id), atMs: NOW - 1000 };
}
async function instancesOn(page: Answer): Promise<number> {
  const keys = [...readPage(await bodyOf(page)).keys()];
  return keys.filter((key) => key.startsWith('dstack_instance_gpu_count{')).length;
}

async function bodyOf(page: Answer): Promise<string> {
  if (page.kind !== 'page') throw new Error(page.reason);
  const chunks: Buffer[] = [];
  for await (const chunk of page.body()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A gate that calls wait at; `waiting` resolves when the next one has come. */
function openGate() {
  const opened: (() => void)[] = [];
  const arrived: (() => void)[] = [];
  return {
    pass: () => {
      arrived.shift()?.();
      return new Promise<void>((resolve) => void opened.push(resolve));
    },
    waiting: () =>
      opened.length > 0 ? Promise.resolve() : new Promise<void>((resolve) => void arrived.push(resolve)),
    open: () => opened.shift()?.(),
  };
}

test('a scrape that begins after a commit shows it', async () => {
  const pages = openPages(openViews(world.store), SAMPLE_TTL_MS);
  for (let count = 0; count < 25; count++) {
    await world.commit(NOW + count, [instance(`i${count}`)]);
    expect(await instancesOn(await pages.get(ASKED))).toBe(count + 1);
  }
});

test('scrapes that come while a round runs share the next one, and none the round that began before them', async () => {
  await world.commit(NOW, [instance('first')]);
  const gate = openGate();
  let rounds = 0;
  const store: StateStore = {
    ...world.store,
    async changesSince(since) {
      rounds++;
      const answer = await world.store.changesSince(since);
      await gate.pass();
      return answer;
    },
  };
  const pages = openPages(openViews(store), SAMPLE_TTL_MS);
  const warm = pages.get(ASKED);
  // Head and version, then the changes since.
  for (let call = 0; call < 2; call++) {
    await gate.waiting();
    gate.open();
  }
  expect(await instancesOn(await warm)).toBe(1);
  rounds = 0;

  const early = pages.get(ASKED);
  await gate.waiting();
  await world.commit(NOW + 1, [instance('second')]);
  const late = Array.from({ length: 5 }, () => pages.get(ASKED));
  gate.open();
  expect(await instancesOn(await early)).toBe(1);
  await gate.waiting();
  gate.open();
  const counts = (await Promise.all(late)).map(instancesOn);
  expect(await Promise.all(counts)).toEqual([2, 2, 2, 2, 2]);
  expect(rounds).toBe(2);
});

test('a page of the same versions is written once while somebody reads it, in each format and part', async () => {
  await world.commit(NOW, [instance('a')]);
  const pages = openPages(openViews(world.store), SAMPLE_TTL_MS);
  const first = await pages.get(ASKED);
  if (first.kind !== 'page') throw new Error(first.reason);
  const reader = first.body()[Symbol.asyncIterator]();
  await reader.next();
  expect(await pages.get(ASKED)).toBe(first);
  expect(await pages.get({ ...ASKED, format: 'openmetrics' })).not.toBe(first);
  expect(await bodyOf(first)).toContain('dstack_instance_gpu_count{');
  await reader.return?.();
  const again = await pages.get(ASKED);
  expect(again).not.toBe(first);
  expect(await bodyOf(again)).toBe(await bodyOf(first));
  await world.commit(NOW + 1);
  expect(await bodyOf(await pages.get(ASKED))).not.toBe(await bodyOf(first));
});

test('a page whose reader has gone is not written to its end, and the next one is whole', async () => {
  const count = 5000;
  await world.commit(
    NOW,
    Array.from({ length: count }, (_, i) => instance(`i${i}`)),
  );
  const pages = openPages(openViews(world.store), SAMPLE_TTL_MS);
  const page = await pages.get(ASKED);
  if (page.kind !== 'page') throw new Error(page.reason);
  for await (const chunk of page.body()) if (chunk.length > 0) break;
  expect(await page.bytes).toBeNull();
  const next = await pages.get(ASKED);
  expect(await instancesOn(next)).toBe(count);
  expect(next).toMatchObject({ etag: page.etag });
});

describe('where the store can not be read', () => {
  test('the reason is given, and the next scrape is answered again', async () => {
    await world.commit(NOW, [instance('a')]);
    let isAway = false;
    const away = { kind: 'unavailable', detail: 'the store at tea is away' } as const;
    const store: StateStore = {
      ...world.store,
      changesSince: async (since) => (isAway ? since.map(() => away) : world.store.changesSince(since)),
    };
    const pages = openPages(openViews(store), SAMPLE_TTL_MS);
    expect(await instancesOn(await pages.get(ASKED))).toBe(1);
    isAway = true;
    expect(await pages.get(ASKED)).toEqual({ kind: 'unavailable', reason: away.detail });
    isAway = false;
    await world.commit(NOW + 1, [instance('b')]);
    expect(await instancesOn(await pages.get(ASKED))).toBe(2);
  });

  test('in the middle of loading too', async () => {
    await world.commit(NOW, [instance('a')]);
    let failures = 0;
    const store: StateStore = {
      ...world.store,
      async *load(partition, space, generation) {
        yield* world.store.load(partition, space, generation);
        if (failures++ < 1) throw new StoreReadError('the connection broke');
      },
    };
    const pages = openPages(openViews(store), SAMPLE_TTL_MS);
    expect(await pages.get(ASKED)).toEqual({ kind: 'unavailable', reason: 'the connection broke' });
    expect(await instancesOn(await pages.get(ASKED))).toBe(1);
  });

  test('what is a fault of ours is no answer to anybody, and hinders no later scrape', async () => {
    await world.commit(NOW, [instance('a')]);
    let isBroken = true;
    const store: StateStore = {
      ...world.store,
      changesSince: (since) =>
        isBroken ? Promise.reject(new Error('a bug')) : world.store.changesSince(since),
    };
    const pages = openPages(openViews(store), SAMPLE_TTL_MS);
    await expect(pages.get(ASKED)).rejects.toThrow('a bug');
    isBroken = false;
    expect(await instancesOn(await pages.get(ASKED))).toBe(1);
  });
});

describe('a replica that lost its place', () => {
  test('loads anew, and shows what is committed', async () => {
    await world.commit(NOW, [instance('a')]);
    let reloads = 0;
    const store: StateStore = {
      ...world.store,
      async changesSince(since) {
        const answers = await world.store.changesSince(since);
        if (reloads !== 1) return answers;
        reloads++;
        return answers.map(() => ({ kind: 'reload' }));
      },
    };
    const pages = openPages(openViews(store), SAMPLE_TTL_MS);
    expect(await instancesOn(await pages.get(ASKED))).toBe(1);
    await world.commit(NOW + 1, [instance('b')]);
    reloads = 1;
    expect(await instancesOn(await pages.get(ASKED))).toBe(2);
    expect(reloads).toBe(2);
  });

  test('gives up where it always loses it again', async () => {
    await world.commit(NOW, [instance('a')]);
    const store: StateStore = {
      ...world.store,
      changesSince: (since) => Promise.resolve(since.map(() => ({ kind: 'reload' }))),
    };
    const pages = openPages(openViews(store), SAMPLE_TTL_MS);
    expect(await pages.get(ASKED)).toEqual({
      kind: 'unavailable',
      reason: 'the state changes faster than it can be read',
    });
  });
});
