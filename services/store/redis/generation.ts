import { StoreReadError } from '../port';
import type {
  Acquired,
  ChangesResult,
  Commit,
  CommitResult,
  Entries,
  Space,
  Standing,
  StoreUnavailable,
  Version,
} from '../port';
import type { Commands } from './commands';
import { ACQUIRE } from './lua/acquire';
import { CHANGES } from './lua/changes';
import { COMMIT } from './lua/commit';
import type { Script } from './lua/script';
import { SEAL, STANDING } from './lua/seal';
import { acquired, delta, scanned, standing, texts } from './reply';

const SCAN_COUNT = 512;

/** The partitions of one generation, by its keys. */
export interface Generation {
  /** `endedSwitch`: breaks the seal of that switch; '*': any. `sealed`: for the switch of that id. */
  acquire(
    partition: number,
    endedSwitch: string,
  ): Promise<Acquired | { readonly kind: 'sealed'; readonly id: string } | StoreUnavailable>;
  commit(commit: Commit): Promise<CommitResult>;
  changesOf(partition: number, since: Version | null): Promise<ChangesResult>;
  load(partition: number, space: Space): AsyncGenerator<Entries>;
  seal(partition: number, id: string): Promise<Standing | StoreUnavailable>;
  standing(partition: number): Promise<Standing | StoreUnavailable>;
  /** Deletes its keys. */
  remove(): Promise<StoreUnavailable | undefined>;
}

type Part = 'head' | 'changes' | Space;
const PARTS: readonly Part[] = ['head', 'shown', 'kept', 'changes'];

/** Where a generation's keys are, and who is asked for them. */
interface Keys {
  readonly commands: Commands;
  readonly prefix: string;
  readonly name: string;
  readonly partitions: number;
}

export function openGeneration(
  commands: Commands,
  prefix: string,
  name: string,
  partitions: number,
): Generation {
  const keys: Keys = { commands, prefix, name, partitions };
  const count = String(partitions);
  return {
    acquire: (partition, endedSwitch) => acquire(keys, partition, endedSwitch),
    async commit(commit) {
      const answer = await run(keys, COMMIT, commit.partition, PARTS, commitArguments(commit));
      if (answer.kind === 'unavailable') return answer;
      if (answer.reply === 'applied' || answer.reply === 'stale') return { kind: answer.reply };
      throw new Error(`commit answered ${String(answer.reply)}`);
    },
    changesOf: (partition, since) => changesOf(keys, partition, since),
    load: (partition, space) => load(keys, partition, space),
    seal: (partition, id) => standingFrom(keys, SEAL, partition, [count, id]),
    standing: (partition) => standingFrom(keys, STANDING, partition, [count]),
    async remove() {
      for (let partition = 0; partition < partitions; partition++) {
        const all = PARTS.map((part) => keyOf(keys, partition, part));
        const answer = await commands.call('UNLINK', all);
        if (answer.kind === 'unavailable') return answer;
      }
      return undefined;
    },
  };
}

function keyOf({ prefix, name }: Keys, partition: number, part: Part): string {
  return `${prefix}:${name}:{${partition}}:${part}`;
}

function run(
  keys: Keys,
  script: Script,
  partition: number,
  parts: readonly Part[],
  args: readonly string[],
): ReturnType<Commands['run']> {
  return keys.commands.run(
    script,
    parts.map((part) => keyOf(keys, partition, part)),
    args,
  );
}

async function acquire(
  keys: Keys,
  partition: number,
  endedSwitch: string,
): ReturnType<Generation['acquire']> {
  const answer = await run(keys, ACQUIRE, partition, ['head'], [String(keys.partitions), endedSwitch]);
  if (answer.kind === 'unavailable') return answer;
  const [kind, ...rest] = texts(answer.reply);
  if (kind === 'acquired') return acquired(keys.name, rest);
  if (kind === 'sealed') return { kind, id: rest[0] ?? '' };
  if (kind === 'partitions') return mismatch(keys, partition, rest[0]);
  throw new Error(`acquire answered ${String(kind)}`);
}

async function changesOf(keys: Keys, partition: number, since: Version | null): Promise<ChangesResult> {
  const version = since === null ? ['', ''] : [String(since.epoch), String(since.counter)];
  const args = [String(keys.partitions), ...version];
  const answer = await run(keys, CHANGES, partition, ['head', 'shown', 'changes'], args);
  if (answer.kind === 'unavailable') return answer;
  const [kind, ...rest] = texts(answer.reply);
  if (kind === 'delta') return delta(keys.name, rest);
  if (kind === 'reload' || kind === 'empty') return { kind };
  if (kind === 'partitions') return mismatch(keys, partition, rest[0]);
  if (kind === 'another') {
    return away(partition, 'waits to be taken over, since the server was restarted or failed over');
  }
  if (kind === 'behind') return away(partition, 'is behind what may have been shown, and catching up');
  throw new Error(`changes answered ${String(kind)}`);
}

async function* load(keys: Keys, partition: number, space: Space): AsyncGenerator<Entries> {
  const key = keyOf(keys, partition, space);
  let cursor = '0';
  do {
    const answer = await keys.commands.call('HSCAN', [key, cursor, 'COUNT', String(SCAN_COUNT)]);
    if (answer.kind === 'unavailable') throw new StoreReadError(answer.detail);
    const page = scanned(answer.reply);
    cursor = page.cursor;
    if (page.entries.length > 0) yield page.entries;
  } while (cursor !== '0');
}

async function standingFrom(
  keys: Keys,
  script: Script,
  partition: number,
  args: readonly string[],
): Promise<Standing | StoreUnavailable> {
  const answer = await run(keys, script, partition, ['head'], args);
  if (answer.kind === 'unavailable') return answer;
  const [kind, ...rest] = texts(answer.reply);
  return kind === 'partitions' ? mismatch(keys, partition, rest[0]) : standing(rest);
}

function mismatch(keys: Keys, partition: number, stored: string | null | undefined): StoreUnavailable {
  const detail =
    `${keyOf(keys, partition, 'head')} belongs to ${String(stored)} partitions, ` +
    `but this process counts ${keys.partitions}`;
  return { kind: 'unavailable', detail };
}

export function away(partition: number, why: string): StoreUnavailable {
  return { kind: 'unavailable', detail: `partition ${partition} ${why}` };
}

/** ARGV of COMMIT. */
function commitArguments({ epoch, fromCounter, batchId, head, changes, behind = false }: Commit): string[] {
  const shown = new Map<string, string | null>();
  const kept = new Map<string, string | null>();
  for (const change of changes) (change.space === 'shown' ? shown : kept).set(change.key, change.value);
  const counts: string[] = [];
  const entries: string[] = [];
  for (const space of [shown, kept]) {
    const removed: string[] = [];
    for (const [key, value] of space) {
      if (value === null) removed.push(key);
      else entries.push(key, value);
    }
    for (const key of removed) entries.push(key);
    counts.push(String(space.size - removed.length), String(removed.length));
  }
  return [
    String(epoch),
    String(fromCounter),
    String(fromCounter + 1),
    batchId,
    String(head.positions.lifecycle),
    String(head.positions.telemetry),
    String(head.pageTimeMs),
    head.fold,
    ...counts,
    behind ? '1' : '0',
    ...entries,
  ];
}
