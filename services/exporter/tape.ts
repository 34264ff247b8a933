/**
 * What one writes and several read, each from the beginning and at its own pace; what has been written is
 * read at once.
 */
export interface Tape<T> {
  push(item: T): void;
  end(error?: Error): void;
  read(): AsyncGenerator<T>;
  /** Resolves when all is written. */
  readonly ended: Promise<void>;
}

export function openTape<T>(): Tape<T> {
  const items: T[] = [];
  let hasEnded = false;
  let failure: Error | undefined;
  let more = openSignal();
  const ended = openSignal();

  function wake(): void {
    const waiting = more;
    more = openSignal();
    waiting.fire();
  }

  return {
    push(item) {
      items.push(item);
      wake();
    },
    end(error) {
      hasEnded = true;
      failure = error;
      wake();
      ended.fire();
    },
    async *read() {
      for (let i = 0; ; i++) {
        while (i === items.length && !hasEnded) await more.fired;
        const item = items[i];
        if (failure !== undefined) throw failure;
        if (item === undefined) return;
        yield item;
      }
    },
    ended: ended.fired,
  };
}

function openSignal(): { readonly fired: Promise<void>; fire(): void } {
  let fire = (): void => undefined;
  const fired = new Promise<void>((resolve) => (fire = resolve));
  return { fired, fire };
}
