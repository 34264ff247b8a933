/** Runs tasks of the same partition one after another. */
export interface Queue {
  run<T>(number: number, task: () => Promise<T>): Promise<T>;
}

export function openQueue(): Queue {
  const tails = new Map<number, Promise<unknown>>();
  return {
    run(number, task) {
      const tail = tails.get(number) ?? Promise.resolve();
      const next = tail.then(task, task);
      tails.set(
        number,
        next.catch(() => undefined),
      );
      return next;
    },
  };
}
