import type { EntityKind } from '../../events/kinds';
import { INSTANCE } from './instance';
import { JOB } from './job';
import { RUN } from './run';
import { VOLUME } from './volume';
import type { KindCatalogue } from './described';

/** What each kind of entity has on the page. */
const RECORD = { instance: INSTANCE, run: RUN, job: JOB, volume: VOLUME };

type AllDescribed = {
  readonly [Kind in EntityKind]: NonNullable<ReturnType<(typeof RECORD)[Kind]['describedOf']>>;
};

/** Told apart by `kind`. */
export type Described<Kind extends EntityKind = EntityKind> = AllDescribed[Kind];

/** The same, typed so that the compiler follows a kind from its timeline to its families. */
export const CATALOGUE: { readonly [Kind in EntityKind]: KindCatalogue<Kind, Described<Kind>> } = RECORD;
