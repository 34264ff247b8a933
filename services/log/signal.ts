/** Wakes up a loop. If it is raised while nobody waits, the next wait ends at once. */
export interface Signal {
  raise(): void;
  /** Resolves when raised, or after `ms` at the latest. */
  wait(ms: number): Promise<void>;
}

export function openSignal(): Signal {
  let raised = false;
  let wake: (() => void) | null = null;
  return {
    raise() {
      raised = true;
      wake?.();
    },
    async wait(ms) {
      if (!raised) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      raised = false;
    },
  };
}
