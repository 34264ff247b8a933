import { randomUUID } from 'node:crypto';
import type { GenerationNames, Generations, Standing, StateStore, StoreUnavailable } from '../port';
import type { Commands } from './commands';
import type { Generation } from './generation';
import {
  BEGIN_SWITCH,
  BUILD,
  DROPPED,
  END_SWITCH,
  EXTEND_SWITCH,
  FORGET,
  NAMES,
  PUBLISH,
} from './lua/generations';
import type { Script } from './lua/script';
import { text, texts } from './reply';

/** Generations in Redis, and what an owner needs besides. */
export interface RedisGenerations extends Generations {
  /** Ends a switch that has expired. */
  expireSwitch(id: string): Promise<{ readonly kind: 'ended' | 'going' } | StoreUnavailable>;
}

export interface GenerationsOptions {
  readonly commands: Commands;
  /** Of the hash that says which one is current (see lua/generations.ts). */
  readonly key: string;
  readonly partitions: number;
  readonly generation: (name: string) => Generation;
  readonly open: (name: string) => StateStore;
}

export function openGenerations(options: GenerationsOptions): RedisGenerations {
  const { partitions, generation, open } = options;
  return {
    async names() {
      const names = await allNames(options);
      if (names.kind === 'unavailable') return names;
      const { kind, current, previous, building } = names;
      return { kind, current, previous, building };
    },
    build: () => build(options),
    open,
    async standings(name) {
      const all: Standing[] = [];
      for (let partition = 0; partition < partitions; partition++) {
        const answer = await generation(name).standing(partition);
        if ('kind' in answer) return answer;
        all.push(answer);
      }
      return { kind: 'standings', partitions: all };
    },
    async beginSwitch(from, to, forMs) {
      const id = randomUUID();
      const args = [from, to, id, String(forMs)];
      const answer = await run(options, BEGIN_SWITCH, args, ['switching', 'refused']);
      if (answer.kind === 'unavailable') return answer;
      return answer.kind === 'switching' ? { kind: 'switching', id } : { kind: 'refused' };
    },
    extendSwitch: (id, forMs) => run(options, EXTEND_SWITCH, [id, String(forMs)], ['extended', 'ended']),
    async seal(from, id, partition) {
      const answer = await generation(from).seal(partition, id);
      return 'kind' in answer ? answer : { kind: 'sealed', ...answer };
    },
    publish: (id) => run(options, PUBLISH, [id], ['published', 'ended']),
    endSwitch: (id) => run(options, END_SWITCH, [id, '1'], ['ended']),
    expireSwitch: (id) => run(options, END_SWITCH, [id, '0'], ['ended', 'going']),
    async drop(name) {
      const answer = await run(options, FORGET, [name], ['forgotten', 'current']);
      if (answer.kind === 'unavailable') return answer;
      if (answer.kind === 'current') throw new Error(`generation ${name} is current`);
      return (await removeForgotten(options, name)) ?? { kind: 'dropped' };
    },
  };
}

async function run<const Kind extends string>(
  { commands, key }: GenerationsOptions,
  script: Script,
  args: readonly string[],
  kinds: readonly Kind[],
): Promise<{ readonly kind: Kind } | StoreUnavailable> {
  const answer = await commands.run(script, [key], args);
  if (answer.kind === 'unavailable') return answer;
  const kind = kinds.find((one) => one === answer.reply);
  if (kind === undefined) throw new Error(`${key} answered ${String(answer.reply)}`);
  return { kind };
}

async function allNames({
  commands,
  key,
}: GenerationsOptions): Promise<(GenerationNames & { dropping: string | null }) | StoreUnavailable> {
  const answer = await commands.run(NAMES, [key], []);
  if (answer.kind === 'unavailable') return answer;
  const [current, previous = null, building = null, dropping = null] = texts(answer.reply);
  return { kind: 'names', current: text(current, 'current'), previous, building, dropping };
}

async function build(options: GenerationsOptions): ReturnType<Generations['build']> {
  const { commands, key } = options;
  const names = await allNames(options);
  if (names.kind === 'unavailable') return names;
  // Whoever was dropping it ended half-way.
  const trouble = names.dropping === null ? undefined : await removeForgotten(options, names.dropping);
  if (trouble !== undefined) return trouble;
  const answer = await commands.run(BUILD, [key], []);
  if (answer.kind === 'unavailable') return answer;
  return { kind: 'building', name: text(answer.reply, 'building') };
}

/** Nobody refers to it any more, but some of its keys are left. */
async function removeForgotten(
  options: GenerationsOptions,
  name: string,
): Promise<StoreUnavailable | undefined> {
  const trouble = await options.generation(name).remove();
  if (trouble !== undefined) return trouble;
  const answer = await run(options, DROPPED, [name], ['dropped']);
  return answer.kind === 'unavailable' ? answer : undefined;
}
