import type { RootDatabase } from 'lmdb';

interface Waiting {
  run(): void;
  /** The transaction is on the disk. */
  committed(): void;
  failed(error: unknown): void;
}

/**
 * Runs `work` in a transaction; resolves when it is flushed to the disk, rejects if nothing of it was
 * written.
 */
export type Transact = <T>(work: () => T) => Promise<T>;

/**
 * Everything asked for in one turn of the event loop shares one transaction, and so one flush, which blocks
 * the event loop for as long as the disk takes. Each has a child transaction of its own, so one that throws
 * doesn't affect the others.
 *
 * lmdb's asynchronous transactions are not used: they end the process if the disk is full (a rejection that
 * nobody can handle), and commit what was written before an error.
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
