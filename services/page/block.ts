import type { SampleType } from './format';

/** One family as it stands on the page: header, then its lines together. */
export interface Block {
  readonly name: string;
  readonly type: SampleType;
  /** Where OpenMetrics must have another type. */
  readonly openMetricsType?: SampleType;
  readonly help: string;
  readonly lines: Iterable<string>;
}
