import { openEmbeddedLog } from '../log/embedded/log';
import type { EventLog } from '../log/port';
import type { Logger } from '../process/logger';
import { openEmbeddedStore } from '../store/embedded/store';
import type { GenerationStore } from '../store/port';
import { openRedisStore } from '../store/redis/store';
import { openInDataDir } from './data-dir';
import { CommandError, EXIT } from './exit';
import { openKafka } from './kafka';
import type { Settings } from './settings';
import { whenThere } from './wait';

/** The one place that knows the adapters: which log and which store the settings ask for. */
export async function openLog(settings: Settings, logger: Logger): Promise<EventLog> {
  const { kafka, dataDir, partitions, telemetryRetention: telemetry } = settings;
  if (kafka !== undefined) return openKafka(kafka, settings, logger);
  return openInDataDir(dataDir, 'log', () => openEmbeddedLog({ dir: dataDir, partitions, telemetry }));
}

/** The store. Redis is checked first: a server that may lose or evict what was committed is refused. */
export async function openStore(
  { redisUrl, dataDir, partitions }: Settings,
  logger: Logger,
): Promise<GenerationStore> {
  if (redisUrl === undefined)
    return openInDataDir(dataDir, 'store', (dir) => openEmbeddedStore({ dir, partitions }));
  const store = openRedisStore({ url: redisUrl, partitions, logger });
  const { problems, warnings } = await whenThere('Redis', logger, async () => {
    const answer = await store.check();
    return answer.kind === 'unavailable' ? answer : { kind: 'there', value: answer };
  });
  for (const warning of warnings) logger.warn(`Redis: ${warning}`);
  if (problems.length === 0) return store;
  await store.close();
  throw new CommandError(EXIT.no, problems.map((problem) => `Redis: ${problem}`).join('\n'));
}
