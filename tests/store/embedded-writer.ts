/**
 * A process that commits to an embedded store, to be killed or to run out of disk. Each commit sets the same
 * entries to its counter. Prints a line of JSON for each answer.
 */
import { openEmbeddedStore } from '../../services/store/embedded/store';
import { shown, takeOver } from './world';

const ENTRIES = 200;

async function write(dir: string): Promise<void> {
  // Beyond `ulimit -f` a write is to fail, not to end the process.
  process.on('SIGXFSZ', () => undefined);
  const store = openEmbeddedStore({ dir, partitions: 2 });
  const owner = await takeOver(store);
  for (;;) {
    const counter = owner.counter + 1;
    const value = `${counter} ${'v'.repeat((50 * counter) % 5_000)}`;
    const commit = owner.next(Array.from({ length: ENTRIES }, (_, n) => shown(`entry/${n}`, value)));
    const answer = await store.commit(commit);
    process.stdout.write(`${JSON.stringify({ counter, ...answer })}\n`);
    if (answer.kind !== 'applied') break;
    owner.counter = counter;
  }
  await store.close();
}

void write(process.argv[2] ?? '');
