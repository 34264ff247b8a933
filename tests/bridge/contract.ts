/** What every control plane's adapter must hold, whatever it watches: see services/bridge/port.ts. */
import type { Fact } from '../../services/bridge/fact';
import type { ControlPlane } from '../../services/bridge/port';
import { openRandom } from '../support/history-random';
import { entityKey } from '../../services/fold/fact';
import { ledgerOf, readOn, readPiece, tell } from './reading';

/** A control plane and what happens there, step by step. */
export interface World {
  /** Another reader of it, that remembers nothing. */
  open(): ControlPlane;
  /** The next step; false: there are no more. */
  happen(): boolean;
  nowMs(): number;
  close(): Promise<void>;
}

/** @param histories of bridges that are killed, each another one */
export function testControlPlane(name: string, openWorld: () => Promise<World>, histories: number): void {
  describe(name, () => {
    let world: World;
    beforeEach(async () => {
      world = await openWorld();
    });
    afterEach(() => world.close());

    const everything = (): void => {
      while (world.happen());
    };

    test('the snapshot has all that there is; read on, there is nothing more', async () => {
      everything();
      const plane = world.open();
      const { facts, state } = await readOn(plane, undefined);
      expect(facts.length).toBeGreaterThan(10);
      expect((await readOn(plane, state)).facts).toEqual([]);
      expect((await readOn(world.open(), state)).facts).toEqual([]);
    });

    test('whoever follows from the first moment and whoever comes at the end know the same, and together no more', async () => {
      const plane = world.open();
      const followed: Fact[] = [];
      let state: string | undefined;
      do {
        const read = await readOn(plane, state);
        followed.push(...read.facts);
        state = read.state;
      } while (world.happen());
      const found = (await readOn(world.open(), undefined)).facts;
      const atMs = world.nowMs() + 60_000;
      const ledger = ledgerOf(followed, atMs);
      expect(ledger).toMatch(/^dstack_run_count_total\{/m);
      expect(ledgerOf(found, atMs)).toBe(ledger);
      expect(ledgerOf([...followed, ...found], atMs)).toBe(ledger);
      expect(ledgerOf([...found, ...followed], atMs)).toBe(ledger);
    });

    test('a piece that is read again, since what it gave was lost, gives the same', async () => {
      const given: Fact[] = [];
      let state: string | undefined;
      do {
        for (let phase = 'snapshot'; phase === 'snapshot';) {
          const lost = await readPiece(world.open(), state);
          const again = await readPiece(world.open(), state);
          expect(again.facts).toEqual(lost.facts);
          given.push(...again.facts);
          ({ state, phase } = again);
        }
      } while (world.happen());
      const found = (await readOn(world.open(), undefined)).facts;
      const atMs = world.nowMs() + 60_000;
      expect(ledgerOf(given, atMs)).toBe(ledgerOf(found, atMs));
    });

    const seeds = Array.from({ length: histories }, (_, seed) => seed);
    test.each(seeds)(
      'a bridge that is killed anywhere, again and again: nothing is lost (seed %i)',
      async (seed) => {
        const random = openRandom(seed);
        const onLog: Fact[] = [];
        let state: string | undefined;
        do {
          for (let phase = ''; phase !== 'changes';) {
            const piece = await readPiece(world.open(), state);
            const kept = random.integer(0, 2 * piece.facts.length);
            // It is killed before all is on the log, or after that and before its state is kept, or not at
            // all.
            onLog.push(...piece.facts.slice(0, kept));
            if (kept < piece.facts.length || random.chance(0.3)) continue;
            ({ state, phase } = piece);
            if (random.chance(0.3)) break;
          }
        } while (world.happen());
        onLog.push(...(await readOn(world.open(), state)).facts);
        const found = (await readOn(world.open(), undefined)).facts;
        const atMs = world.nowMs() + 60_000;
        expect(ledgerOf(onLog, atMs)).toBe(ledgerOf(found, atMs));
      },
    );

    test('an id has one content, and of an entity the facts of a piece are in order, its description first', async () => {
      const contents = new Map<string, string>();
      let state: string | undefined;
      do {
        const { facts, state: reached } = await readOn(world.open(), state);
        state = reached;
        const described = new Map<string, number>();
        for (const fact of facts) {
          const event = tell(fact);
          const content = JSON.stringify(event);
          expect(contents.get(event.id) ?? content).toBe(content);
          contents.set(event.id, content);
          const key = entityKey(event.about);
          expect(fact.atMicros).toBeGreaterThanOrEqual(described.get(key) ?? 0);
          described.set(key, fact.atMicros);
        }
      } while (world.happen());
      expect(contents.size).toBeGreaterThan(10);
    });
  });
}
