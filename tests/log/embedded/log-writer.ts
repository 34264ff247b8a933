/**
 * A process of its own that appends until it is killed, and prints the number of each record that is
 * acknowledged.
 */
import { openEmbeddedLog } from '../../../services/log/embedded/log';

async function main(dir: string): Promise<void> {
  const log = await openEmbeddedLog({ dir, partitions: 2 });
  process.stdout.write('open\n');
  for (let i = 0; ; i++) {
    const value = Buffer.from(String(i));
    const result = await log.append([{ topic: 'lifecycle', partition: 0, key: 'k', value }]);
    if (result.kind === 'appended') process.stdout.write(`${i}\n`);
  }
}

void main(process.argv[2] ?? '');
