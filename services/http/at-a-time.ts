/** Does work, up to a number of pieces at a time; the others wait for their turn. */
export type AtATime = <T>(work: () => Promise<T>) => Promise<T>;

export function atATime(pieces: number): AtATime {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // Whoever is next takes over the place directly, so that nobody gets in between.
    if (running >= pieces) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
