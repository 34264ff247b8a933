/** Since when nothing of a partition has been committed, and why: readiness stands on it. */
export interface CommitHealth {
  /** The partition is this process's from now on. */
  begun(number: number): void;
  committed(number: number): void;
  /** It was not committed, or could not be taken over. */
  failed(number: number, why: string): void;
  ended(number: number): void;
  /** What to say of the first partition that has stood still for too long; undefined: none has. */
  trouble(): string | undefined;
}

/** Commits are at least one a second: five that are missing are no delay any more. */
const STILL_MS = 5000;

export function openCommitHealth(now: () => number): CommitHealth {
  const partitions = new Map<number, { sinceMs: number; why: string }>();
  return {
    begun(number) {
      if (!partitions.has(number)) partitions.set(number, { sinceMs: now(), why: '' });
    },
    committed(number) {
      partitions.set(number, { sinceMs: now(), why: '' });
    },
    failed(number, why) {
      partitions.set(number, { sinceMs: partitions.get(number)?.sinceMs ?? now(), why });
    },
    ended(number) {
      partitions.delete(number);
    },
    trouble() {
      for (const [number, { sinceMs, why }] of partitions) {
        const stillMs = now() - sinceMs;
        if (stillMs < STILL_MS) continue;
        const reason = why === '' ? '' : `: ${why}`;
        return `partition ${String(number)} was not committed for ${String(Math.round(stillMs / 1000))} s${reason}`;
      }
      return undefined;
    },
  };
}
