/** One request's share of a budget. */
export interface Lease {
  /** Takes that many bytes more; false, and nothing is taken, if the budget doesn't have that many left. */
  take(bytes: number): boolean;
  /** How much it holds. */
  bytes(): number;
  /** Gives back everything it has taken. */
  release(): void;
}

/** Bytes that all requests together may have in memory at once. */
interface ByteBudget {
  lease(): Lease;
  heldBytes(): number;
}

export function byteBudget(limitBytes: number): ByteBudget {
  let heldBytes = 0;
  return {
    heldBytes: () => heldBytes,
    lease() {
      let ownBytes = 0;
      return {
        take(bytes) {
          if (heldBytes + bytes > limitBytes) return false;
          heldBytes += bytes;
          ownBytes += bytes;
          return true;
        },
        bytes: () => ownBytes,
        release() {
          heldBytes -= ownBytes;
          ownBytes = 0;
        },
      };
    },
  };
}
