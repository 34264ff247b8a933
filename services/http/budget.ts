/** What one request holds of a budget. */
export interface Lease {
  /** Holds that many bytes more; false, and nothing is held, where the budget has not so many left. */
  take(bytes: number): boolean;
  /** How much it holds. */
  bytes(): number;
  /** Gives back all that it holds. */
  release(): void;
}

/** Bytes that requests may hold at once, all of them together. */
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
