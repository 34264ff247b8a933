import type { Format } from './format';
import type { LeftOutOfPage } from './left-out';
import type { Selection } from './selection';

/** Which page is asked for, and how to write it. */
export interface PageRequest {
  readonly format: Format;
  /**
   * null: as of each partition's page time, with what is held. A moment: the ledger as of it, nothing held.
   */
  readonly atMs: number | null;
  readonly sampleTtlMs: number;
  readonly selection: Selection;
  /** Called with what of the exporters' samples is not on the page, and why. */
  readonly onLeftOut?: (leftOut: ReadonlyMap<LeftOutOfPage, number>) => void;
}
