/** Since when nothing has been committed of each partition, and why. Readiness is based on it. */
export interface CommitHealth {
  /** From now on the partition is owned by this process. */
  begun(number: number): void;
  committed(number: number): void;
  /** It was not committed, or could not be taken over. */
  failed(number: number, why: string): void;
  ended(number: number): void;
  /** What to say about the first partition without a commit for too long; undefined: there is none. */
  trouble(): string | undefined;
}

/** There is at least one commit a second: five missing ones are more than a delay. */
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
