import type { LeftOutOfPage } from './left-out';
import type { OddRow } from './odd-rows';
import type { Passed } from './passed';
import type { Row } from './rows';

/**
 * What is passed through for all bearers, kept from page to page: of a bearer whose samples and facts are the same, nothing is made
 * again. Not even a shard can do without the others: what a family is called, and whether it is there, is a matter of the whole page.
 */
export interface KeptPassed {
  /** By the entry of the bearer. */
  bearers: ReadonlyMap<string, KeptBearer>;
  /** By the id of the instance. */
  instances: ReadonlyMap<string, KeptInstance>;
}

export interface KeptBearer {
  readonly inputs: readonly unknown[];
  readonly passed: Passed;
  readonly odd: readonly OddRow[];
  /** Its rows once more, for who must leave some of them out. */
  readonly rows: () => readonly Row[];
}

export interface KeptInstance {
  readonly inputs: readonly unknown[];
  readonly leftOut: ReadonlyMap<LeftOutOfPage, number>;
}
