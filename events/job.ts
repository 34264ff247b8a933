import { Type, type Static } from '@sinclair/typebox';
import {
  Blocks,
  Count,
  Flag,
  Id,
  Label,
  Price,
  Resources,
  Text,
  Whole,
  WithId,
  oneOf,
  optional,
} from './kinds';
import { DescribedRun } from './run';
import { STATUSES } from './statuses';

/** A job is one submission: each retry is another job, with its own id and submission_num. */
export const JobSubmitted = Type.Object({
  project: Label,
  user: Label,
  run: DescribedRun,
  job: Type.Object({
    id: Id,
    name: Label,
    num: Count,
    replica_num: Count,
    submission_num: optional(Count),
  }),
  /** True: the sender found the job there, however old it is. */
  snapshot: optional(Flag),
});
export type JobSubmitted = Static<typeof JobSubmitted>;

/** The job has an instance, and costs from now on. The price is the whole instance's, the resources the job's share. */
export const JobProvisioned = Type.Object({
  run: WithId,
  job: WithId,
  instance: Type.Object({
    id: optional(Id),
    name: optional(Label),
    type: optional(Label),
    backend: Label,
    /** Absent: every GPU of the instance; an empty list: none. */
    gpu_uuids: optional(Type.Array(Text, { description: 'a list of texts' })),
  }),
  resources: Resources,
  price: Price,
  /** Absent: the whole instance. */
  blocks: optional(Blocks),
});
export type JobProvisioned = Static<typeof JobProvisioned>;

export const JobStatusChanged = Type.Object({
  run: WithId,
  job: WithId,
  status: oneOf(STATUSES.job.unfinished),
});
export type JobStatusChanged = Static<typeof JobStatusChanged>;

export const JobPriceChanged = Type.Object({ run: WithId, job: WithId, price: Price });
export type JobPriceChanged = Static<typeof JobPriceChanged>;

export const JobFinished = Type.Object({
  run: WithId,
  job: WithId,
  status: oneOf(STATUSES.job.finished),
  reason: optional(Text),
  exit_status: optional(Whole),
});
export type JobFinished = Static<typeof JobFinished>;
