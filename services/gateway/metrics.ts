import type { LeftOut } from '../exposition/series';
import type { RejectionReason } from './judge';

/** Why a part of a sample is not on the log. */
export type LeftOutCause = keyof LeftOut | 'bad_line';

/** What the gateway counts; the counters come from whoever composes the process. */
export interface GatewayMetrics {
  /** Events that are on the log. */
  accepted(events: number): void;
  /** Events that were answered with a reason instead. */
  rejected(reason: RejectionReason, events: number): void;
  /** Whole requests that were not taken; the reason is one of a fixed set of words. */
  refused(status: number, reason: string): void;
  /** Parts of samples that were left out, while the rest was taken. */
  leftOut(cause: LeftOutCause, count: number): void;
}
