import type { Family } from './figures';
import { INSTANCE_OWN, INSTANCE_SUMS } from './instance';
import { JOB_OWN, JOB_SUMS } from './job';
import { RUN_SUMS } from './run';

/** Every sum family by name, for what is read back from a store. */
export const SUM_FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>(
  [...INSTANCE_SUMS, ...RUN_SUMS, ...JOB_SUMS].map((family) => [family.name, family]),
);

/** Every own family, in the order of the page. */
export const OWN_FAMILIES: readonly Omit<Family, 'bounds'>[] = [...INSTANCE_OWN, ...JOB_OWN];
