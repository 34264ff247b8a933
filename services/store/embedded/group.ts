import type { RootDatabase } from 'lmdb';

interface Waiting {
  run(): void;
  /** The transaction is on the disk. */
  committed(): void;
  failed(error: unknown): void;
}

/** Runs `work` in a transaction; resolves when it is flushed to the disk, rejects where nothing of it is there. */
export type Transact = <T>(work: () => T) => Promise<T>;

/**
 * All that is asked for in one turn of the event loop shares one transaction, and so one flush, which holds the event
 * loop up for as long as the disk takes. Each keeps a child transaction of its own: one that throws takes no other along.
 *
 * Not lmdb's asynchronous transactions: they end the process where the disk is full (a rejection that nobody can
 * handle), and commit what was written before an error.
 */
export function groupTransactions(root: RootDatabase): Transact {
  let waiting: Waiting[] = [];

  function flush(): void {
    const group = waiting;
    waiting = [];
    try {
      root.transactionSync(() => {
        for (const one of group) one.run();
      });
    } catch (error) {
      for (const one of group) one.failed(error);
      return;
    }
    for (const one of group) one.committed();
  }

  return (work) =>
    new Promise((resolve, reject) => {
      let committed: () => void;
      waiting.push({
        run() {
          try {
            const result = root.transactionSync(work);
            committed = () => {
              resolve(result);
            };
          } catch (error) {
            committed = () => {
              reject(error instanceof Error ? error : new Error(String(error)));
            };
          }
        },
        committed: () => {
          committed();
        },
        failed: reject,
      });
      if (waiting.length === 1) setImmediate(flush);
    });
}
