import { Type } from '@sinclair/typebox';
import { declare } from './declaration';
import type { EntityId } from './declaration';
import { Flag, Id, Label, Tags, Text, WithId, oneOf, optional } from './fields';

const STATUSES = {
  first: 'submitted',
  unfinished: ['pending', 'submitted', 'provisioning', 'running', 'terminating'],
  finished: ['terminated', 'failed', 'done'],
} as const;
export type RunStatus = (typeof STATUSES)['unfinished' | 'finished'][number];

/** A run as its own and its jobs' `submitted` describe it. */
export const DescribedRun = Type.Object({ id: Id, name: Label, type: Label });

const Submitted = Type.Object({
  project: Label,
  user: Label,
  run: Type.Object({
    ...DescribedRun.properties,
    /** For cost reports alone: never labels. The latest event that has tags counts, and replaces them all. */
    tags: optional(Tags),
  }),
  /** Absent: submitted. A run scheduled for later starts as pending. */
  status: optional(oneOf(['submitted', 'pending'])),
  /** True: the sender found the run there, however old it is. */
  snapshot: optional(Flag),
});

const StatusChanged = Type.Object({ run: WithId, status: oneOf(STATUSES.unfinished) });

const Finished = Type.Object({ run: WithId, status: oneOf(STATUSES.finished), reason: optional(Text) });

function about({ run }: { readonly run: { readonly id: string } }): EntityId<'run'> {
  return { kind: 'run', id: run.id };
}

/** What a user submits. Its jobs are what runs and costs money. */
export const RUN = {
  statuses: STATUSES,
  events: [
    declare({
      type: 'fleetmeter.run.submitted.v1',
      topic: 'lifecycle',
      verb: 'described',
      schema: Submitted,
      about,
      example: {
        at: '08:00:00.000',
        data: {
          project: 'main',
          user: 'ada',
          run: { id: 'r-b02a', name: 'train-llm', type: 'task', tags: { team: 'research' } },
          status: 'submitted',
        },
      },
    }),
    declare({
      type: 'fleetmeter.run.status_changed.v1',
      topic: 'lifecycle',
      verb: 'status_changed',
      schema: StatusChanged,
      about,
      example: { at: '08:00:12.345', data: { run: { id: 'r-b02a' }, status: 'provisioning' } },
    }),
    declare({
      type: 'fleetmeter.run.finished.v1',
      topic: 'lifecycle',
      verb: 'finished',
      schema: Finished,
      about,
      example: {
        at: '11:00:01.250',
        data: { run: { id: 'r-b02a' }, status: 'done', reason: 'all_jobs_done' },
      },
    }),
  ],
} as const;
