import type { Logger } from 'pino';
import type { Acquired, GenerationStore, StateStore, StoreUnavailable } from '../port';
import { StoreReadError } from '../port';
import { parseRedisUrl } from './address';
import { openCommands } from './commands';
import type { Commands } from './commands';
import type { RedisCheck } from './check';
import { connectRedis } from './client';
import { away, openGeneration } from './generation';
import type { Generation } from './generation';
import { openGenerations } from './generations';
import type { RedisGenerations } from './generations';
import { inspectRedis } from './inspect';
import { timeMs } from './reply';

export interface RedisStoreOptions {
  /** See parseRedisUrl(). */
  readonly url: string;
  readonly partitions: number;
  /** The prefix of the keys. */
  readonly prefix?: string;
  readonly logger: Logger;
}

export interface RedisStore extends GenerationStore {
  /**
   * Whether the server is set up so that what is committed stays, and no server that has lost it ever
   * answers.
   */
  check(): Promise<RedisCheck | StoreUnavailable>;
}

/**
 * In case switches follow each other so fast that a takeover never finds the generation whose name it has
 * just read.
 */
const TAKEOVER_ATTEMPTS = 5;

interface OpenStore {
  readonly commands: Commands;
  readonly partitions: number;
  readonly generation: (name: string) => Generation;
}

/**
 * StateStore in Redis 7 (or Valkey).
 *
 * `<prefix>:generation` is a hash that says which generation is current (see lua/generations.ts). Keys, for
 * each generation and partition; the braces keep those of a partition in one hash slot, so that one script
 * can write them all:
 * - `<prefix>:<generation>:{<partition>}:head`: hash: whose epoch it is, what was committed last (see lua/)
 * - `<prefix>:<generation>:{<partition>}:shown`, `:kept`: hashes of entries
 * - `<prefix>:<generation>:{<partition>}:changes`: stream: which shown entries the newest commits have
 *   changed
 *
 * Each state transition is one script. Every failure of server or network answers `unavailable`; whether a
 * commit was applied that answered so is found out by sending it again.
 */
export function openRedisStore(options: RedisStoreOptions): RedisStore {
  const { partitions, prefix = 'fleetmeter' } = options;
  if (/[{}]/.test(prefix)) throw new Error(`prefix ${prefix}: expected no braces, which say the hash slot`);
  const parsed = parseRedisUrl(options.url);
  if (parsed.kind === 'invalid') throw new Error(`redis URL: ${parsed.detail}`);
  const connection = connectRedis(parsed.address, options.logger);
  const commands = openCommands(connection);
  const generation = (name: string): Generation => openGeneration(commands, prefix, name, partitions);
  const store: OpenStore = { commands, partitions, generation };
  const generations = openGenerations({
    commands,
    key: `${prefix}:generation`,
    partitions,
    generation,
    open: (name) => ({
      ...statesOf(store, () => Promise.resolve({ kind: 'names', current: name })),
      acquire: (partition) => acquireNamed(generation(name), partition),
      close: () => Promise.resolve(),
    }),
  });
  return {
    ...statesOf(store, () => generations.names()),
    acquire: (partition) => acquireCurrent(store, generations, partition),
    generations,
    check: () => inspectRedis(connection, commands, parsed.address),
    close() {
      connection.close();
      return Promise.resolve();
    },
  };
}

async function acquireCurrent(
  { generation }: OpenStore,
  generations: RedisGenerations,
  partition: number,
): Promise<Acquired | StoreUnavailable> {
  let endedSwitch = '';
  for (let attempt = 0; attempt < TAKEOVER_ATTEMPTS; attempt++) {
    const names = await generations.names();
    if (names.kind === 'unavailable') return names;
    const answer = await generation(names.current).acquire(partition, endedSwitch);
    if (answer.kind === 'unavailable') return answer;
    if (answer.kind === 'acquired') {
      // If it were taken over after a switch, it would no longer be shown to anybody.
      const after = await generations.names();
      if (after.kind === 'unavailable') return after;
      if (after.current === names.current) return answer;
      continue;
    }
    const end = await generations.expireSwitch(answer.id);
    if (end.kind === 'unavailable') return end;
    if (end.kind === 'going') break;
    endedSwitch = answer.id;
  }
  return away(partition, 'is sealed: a replay is switching to another generation');
}

/** Whoever opens a generation by name decides about its seals. */
async function acquireNamed(generation: Generation, partition: number): Promise<Acquired | StoreUnavailable> {
  const answer = await generation.acquire(partition, '*');
  if (answer.kind === 'sealed') throw new Error('a seal was to be broken');
  return answer;
}

/** Reads and writes the generation that `named` returns at each call. */
function statesOf(
  { commands, partitions, generation }: OpenStore,
  named: () => Promise<{ kind: 'names'; current: string } | StoreUnavailable>,
): Omit<StateStore, 'acquire' | 'close'> {
  return {
    partitions,
    async commit(commit) {
      const names = commit.generation === undefined ? await named() : undefined;
      if (names?.kind === 'unavailable') return names;
      return generation(commit.generation ?? names?.current ?? '').commit(commit);
    },
    async changesSince(since) {
      if (since.length !== partitions) {
        throw new Error(`expected versions of ${partitions} partitions, got ${since.length}`);
      }
      const names = await named();
      if (names.kind === 'unavailable') return since.map(() => names);
      const current = generation(names.current);
      return Promise.all(since.map((version, partition) => current.changesOf(partition, version)));
    },
    async *load(partition, space, name) {
      const names = name === undefined ? await named() : undefined;
      if (names?.kind === 'unavailable') throw new StoreReadError(names.detail);
      yield* generation(name ?? names?.current ?? '').load(partition, space);
    },
    async clock() {
      const answer = await commands.call('TIME', []);
      return answer.kind === 'unavailable' ? answer : { kind: 'clock', nowMs: timeMs(answer.reply) };
    },
  };
}
