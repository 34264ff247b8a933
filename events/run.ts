import { Type, type Static } from '@sinclair/typebox';
import { Flag, Id, Label, Tags, Text, WithId, oneOf, optional } from './kinds';
import { STATUSES } from './statuses';

/** A run as its own and its jobs' `submitted` describe it. */
export const DescribedRun = Type.Object({ id: Id, name: Label, type: Label });

export const RunSubmitted = Type.Object({
  project: Label,
  user: Label,
  run: Type.Object({
    ...DescribedRun.properties,
    /** For cost reports alone: never labels. The latest that has them counts, as a whole. */
    tags: optional(Tags),
  }),
  /** Absent: submitted. A run that is scheduled for later starts as pending. */
  status: optional(oneOf(['submitted', 'pending'])),
  /** True: the sender found the run there, however old it is. */
  snapshot: optional(Flag),
});
export type RunSubmitted = Static<typeof RunSubmitted>;

export const RunStatusChanged = Type.Object({ run: WithId, status: oneOf(STATUSES.run.unfinished) });
export type RunStatusChanged = Static<typeof RunStatusChanged>;

export const RunFinished = Type.Object({
  run: WithId,
  status: oneOf(STATUSES.run.finished),
  reason: optional(Text),
});
export type RunFinished = Static<typeof RunFinished>;
