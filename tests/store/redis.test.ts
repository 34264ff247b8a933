import pino from 'pino';
import { openRedisStore } from '../../services/store/redis/store';
import { type RedisServer, startRedis } from '../support/redis';
import { stateStoreContract } from './contract';
import { PARTITIONS } from './world';

jest.setTimeout(60_000);

const logger = pino({ level: 'silent' });
let server: RedisServer;
let worlds = 0;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

stateStoreContract('redis', () => {
  const prefix = `fleetmeter:${++worlds}`;
  const open = (name: string) =>
    openRedisStore({ url: server.url, partitions: PARTITIONS, prefix: name, logger });
  return {
    open: () => open(prefix),
    openOther: () => open(`${prefix}-other`),
    end: () => undefined,
  };
});
