import type { LeftOutOfPage } from './left-out';
import type { OddRow } from './odd-rows';
import type { Passed } from './passed';
import type { Row } from './rows';

/**
 * What is passed through for all bearers, kept from page to page: nothing is made again for a bearer whose
 * samples and facts are the same. Even a shard needs the others: a family's header, and whether it exists,
 * depend on the whole page.
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
  /** Its rows again, for when some of them must be left out. */
  readonly rows: () => readonly Row[];
}

export interface KeptInstance {
  readonly inputs: readonly unknown[];
  readonly leftOut: ReadonlyMap<LeftOutOfPage, number>;
}
