import type { AllowanceRate } from '../http/allowance';

/** How much the gateway accepts at once. */
export interface GatewayLimits {
  /** Of one request's body, inflated and on the wire. */
  readonly bodyBytes: number;
  /** Of all bodies that are being read or are on their way to the log; beyond, requests are answered 503. */
  readonly heldBytes: number;
  /** Requests in flight; beyond, 429. */
  readonly requests: number;
  /** Events of one request. */
  readonly events: number;
  /**
   * A sender's refused events, beyond those of its that are taken; if none is left, its requests are answered
   * 429.
   */
  readonly refused: AllowanceRate;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  bodyBytes: 10_000_000,
  heldBytes: 256 * 1024 * 1024,
  requests: 256,
  events: 100_000,
  refused: { aSecond: 10_000, atOnce: 100_000 },
};
