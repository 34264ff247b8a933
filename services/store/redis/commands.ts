import type { StoreUnavailable } from '../port';
import { runScript } from './client';
import type { Connection } from './client';
import type { Script } from './lua/script';

export interface Reply {
  readonly kind: 'reply';
  readonly reply: unknown;
}

/** Sends commands to Redis: every failure of server or network is a result, and only bugs throw. */
export interface Commands {
  call(command: string, args: readonly string[]): Promise<Reply | StoreUnavailable>;
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply | StoreUnavailable>;
}

export function openCommands(connection: Connection): Commands {
  const { redis } = connection;

  async function ask(question: () => Promise<unknown>): Promise<Reply | StoreUnavailable> {
    await connection.tried;
    try {
      return { kind: 'reply', reply: await question() };
    } catch (error) {
      const detail = connection.away(error);
      if (detail === null) throw error;
      return { kind: 'unavailable', detail };
    }
  }

  return {
    call: (command, args) => ask(() => redis.call(command, [...args])),
    run: (script, keys, args) => ask(() => runScript(redis, script, keys, args)),
  };
}
