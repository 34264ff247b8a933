/** Wakes a loop up. What is raised while nobody waits is kept for the next wait. */
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
