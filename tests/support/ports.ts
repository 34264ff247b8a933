import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what the system gives to connections: none of those takes a port before it is listened at. */
const FIRST = 12_000;
/** Processes beside each other look in stretches of their own. */
const STRETCHES = 40;
const STRETCH = 500;

let next = Math.floor(Math.random() * STRETCH);

/** A port of 127.0.0.1 that nobody listens at; the same one is not given again. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < STRETCH; tried++) {
    const port = FIRST + (process.pid % STRETCHES) * STRETCH + (next++ % STRETCH);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${FIRST} on`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
