import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from './state-file';

/**
 * Keeps a file of the live instances' GPU exporters, for `collect --targets`: Prometheus' file service
 * discovery format.
 * @param port where the exporters listen on their hosts
 */
export function openTargetFile(
  path: string,
  port: number,
): (hosts: ReadonlyMap<string, string>) => Promise<void> {
  let before: string | undefined;
  return async (hosts) => {
    const groups = [...hosts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([instance, host]) => ({ targets: [addressOf(host, port)], labels: { instance } }));
    const text = `${JSON.stringify(groups, undefined, 2)}\n`;
    if (text === before) return;
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, text);
    before = text;
  };
}

function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
