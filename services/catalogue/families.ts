import type { EntityKind } from '../../events/kinds';
import type { Family, MetricFamily } from './family';
import { GPU_FAMILIES, GPU_LABELS } from './gpu';
import { CATALOGUE } from './kinds';
import { HELD, ORPHANED_JOBS, PAGE_TIMESTAMP, SOURCE_TIMESTAMP } from './page-families';
import { USAGE_FAMILIES } from './usage';

const KINDS = Object.values<(typeof CATALOGUE)[EntityKind]>(CATALOGUE);

/** Every own family, in the order of the page. */
export const OWN_FAMILIES: readonly Family[] = KINDS.flatMap(({ own }): readonly Family[] => own);

/** Every sum family by name, in the order of the page. */
export const SUM_FAMILIES: ReadonlyMap<string, Family> = new Map(
  KINDS.flatMap(({ sums }): readonly Family[] => sums).map((family) => [family.name, family]),
);

/** Every family that is made from entities, without what their samples say. */
export const ENTITY_FAMILIES: readonly Family[] = [...OWN_FAMILIES, ...SUM_FAMILIES.values()];

/** Every family of ours, in the order of the page; those that exporters bring come after them, by name. */
export const PAGE_FAMILIES: readonly MetricFamily[] = [
  ...OWN_FAMILIES,
  ...USAGE_FAMILIES,
  ...SUM_FAMILIES.values(),
  ORPHANED_JOBS,
  HELD,
  PAGE_TIMESTAMP,
  SOURCE_TIMESTAMP,
  ...GPU_FAMILIES.map((family) => ({ ...family, labels: GPU_LABELS })),
];
