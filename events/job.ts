import { Type } from '@sinclair/typebox';
import { declare } from './declaration';
import type { EntityId } from './declaration';
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
} from './fields';
import { DescribedRun } from './run';

const STATUSES = {
  first: 'submitted',
  unfinished: ['submitted', 'provisioning', 'pulling', 'running', 'terminating'],
  finished: ['terminated', 'aborted', 'failed', 'done'],
} as const;
export type JobStatus = (typeof STATUSES)['unfinished' | 'finished'][number];

/** A job is one submission: each retry is another job, with its own id and submission_num. */
const Submitted = Type.Object({
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

/**
 * The job has an instance and costs from now on. The price is that of the whole instance, the resources are
 * the job's share.
 */
const Provisioned = Type.Object({
  run: WithId,
  job: WithId,
  instance: Type.Object({
    id: optional(Id),
    name: optional(Label),
    type: optional(Label),
    backend: Label,
    /** Absent: all GPUs of the instance. An empty list: none. */
    gpu_uuids: optional(Type.Array(Text, { description: 'a list of texts' })),
  }),
  resources: Resources,
  price: Price,
  /** Absent: the whole instance. */
  blocks: optional(Blocks),
});

const StatusChanged = Type.Object({ run: WithId, job: WithId, status: oneOf(STATUSES.unfinished) });

const PriceChanged = Type.Object({ run: WithId, job: WithId, price: Price });

const Finished = Type.Object({
  run: WithId,
  job: WithId,
  status: oneOf(STATUSES.finished),
  reason: optional(Text),
  exit_status: optional(Whole),
});

/** A job's events are on its run's partition, in one order with the run's. */
export function aboutJob({
  run,
  job,
}: {
  readonly run: { readonly id: string };
  readonly job: { readonly id: string };
}): EntityId<'job'> {
  return { kind: 'job', id: job.id, within: run.id };
}

const EXAMPLE_ID = { run: { id: 'r-b02a' }, job: { id: 'j-5e1f' } };

/** One submission of a part of a run; it costs its share of the instance that it runs on. */
export const JOB = {
  statuses: STATUSES,
  events: [
    declare({
      type: 'fleetmeter.job.submitted.v1',
      topic: 'lifecycle',
      verb: 'described',
      schema: Submitted,
      about: aboutJob,
      example: {
        at: '08:00:00.000',
        data: {
          project: 'main',
          user: 'ada',
          run: { id: 'r-b02a', name: 'train-llm', type: 'task' },
          job: { id: 'j-5e1f', name: 'train-llm-0-0', num: 0, replica_num: 0, submission_num: 0 },
        },
      },
    }),
    declare({
      type: 'fleetmeter.job.provisioned.v1',
      topic: 'lifecycle',
      verb: 'provisioned',
      schema: Provisioned,
      about: aboutJob,
      example: {
        at: '08:00:12.345',
        data: {
          ...EXAMPLE_ID,
          instance: {
            id: 'i-9c1d',
            name: 'gpu-fleet-0',
            type: 'p5.48xlarge',
            backend: 'aws',
            gpu_uuids: [
              'GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a01',
              'GPU-8f7a6b1e-0c55-4a51-9d0e-0d6c1b6d2a02',
            ],
          },
          resources: {
            cpus: 48,
            memory_bytes: 549755813888,
            gpu: { vendor: 'nvidia', name: 'H100', count: 2, memory_bytes: 85899345920 },
          },
          price: { dollars_per_hour: 98.32 },
          blocks: { used: 2, total: 8 },
        },
      },
    }),
    declare({
      type: 'fleetmeter.job.status_changed.v1',
      topic: 'lifecycle',
      verb: 'status_changed',
      schema: StatusChanged,
      about: aboutJob,
      example: { at: '08:03:41.200', data: { ...EXAMPLE_ID, status: 'pulling' } },
    }),
    declare({
      type: 'fleetmeter.job.price_changed.v1',
      topic: 'lifecycle',
      verb: 'price_changed',
      schema: PriceChanged,
      about: aboutJob,
      example: { at: '09:00:00.000', data: { ...EXAMPLE_ID, price: { dollars_per_hour: 91.5 } } },
    }),
    declare({
      type: 'fleetmeter.job.finished.v1',
      topic: 'lifecycle',
      verb: 'finished',
      schema: Finished,
      about: aboutJob,
      example: {
        at: '11:00:00.900',
        data: { ...EXAMPLE_ID, status: 'done', reason: 'done_by_runner', exit_status: 0 },
      },
    }),
  ],
} as const;
