import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogReadError } from '../log/port';
import type { EventLog } from '../log/port';
import { openLogger } from '../process/logger';
import { ReplayStopped } from '../replay/stopped';
import { StoreReadError } from '../store/port';
import type { GenerationStore } from '../store/port';
import { openLog, openStore } from './compose';
import { CommandError, EXIT } from './exit';
import type { Settings } from './settings';

/**
 * Runs a command's work on the log: in Kafka alongside whatever else is running; on the embedded one only
 * while no server has it open.
 * @param whereNone create an embedded log if there is none, or report wrong usage
 */
export async function withLog<T>(
  settings: Settings,
  whereNone: 'create' | 'refuse',
  work: (log: EventLog) => Promise<T>,
): Promise<T> {
  if (whereNone === 'refuse') mustExist(settings);
  const log = await openLog(settings, openLogger('warn'));
  try {
    return await work(log);
  } catch (error) {
    if (error instanceof LogReadError) throw logAway(error.message);
    throw error;
  } finally {
    await log.close();
  }
}

/** With both log and store; what ends a replay ends the command. */
export async function withLogAndStore(
  settings: Settings,
  work: (log: EventLog, store: GenerationStore) => Promise<void>,
): Promise<void> {
  await withLog(settings, 'refuse', async (log) => {
    const store = await openStore(settings, openLogger('warn'));
    try {
      await work(log, store);
    } catch (error) {
      if (error instanceof ReplayStopped)
        throw new CommandError(error.kind === 'away' ? EXIT.away : EXIT.no, error.message);
      if (error instanceof StoreReadError)
        throw new CommandError(EXIT.away, `the store is away: ${error.message}`);
      throw error;
    } finally {
      await store.close();
    }
  });
}

export function logAway(detail: string): CommandError {
  return new CommandError(EXIT.away, `the log is away: ${detail}`);
}

function mustExist({ kafka, dataDir }: Settings): void {
  if (kafka !== undefined || existsSync(join(dataDir, 'log'))) return;
  throw new CommandError(
    EXIT.usage,
    `FLEETMETER_DATA_DIR: ${dataDir}, expected a folder with a log in it (or set FLEETMETER_KAFKA_BROKERS)`,
  );
}
