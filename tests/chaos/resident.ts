import type { Server } from '../support/server';

/** What a process holds of the machine's memory, by its own metrics. */
export async function residentMb(server: Server): Promise<number> {
  const page = await (await fetch(`${server.url}/metrics/process`)).text();
  const bytes = Number(/^process_resident_memory_bytes (\S+)$/m.exec(page)?.[1]);
  return Math.round(bytes / 1e6);
}
