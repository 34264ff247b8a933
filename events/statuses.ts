/**
 * The statuses of instances, runs and jobs, as dstack names them.
 *
 * The order matters: it is what facts of the same millisecond are told apart by (see `compareOrder`), and the order in
 * which pages list them. The earliest statuses of a life come first, the finished ones last.
 */
export const STATUSES = {
  instance: {
    unfinished: ['pending', 'provisioning', 'idle', 'busy', 'terminating'],
    finished: ['terminated'],
  },
  run: {
    unfinished: ['pending', 'submitted', 'provisioning', 'running', 'terminating'],
    finished: ['terminated', 'failed', 'done'],
  },
  job: {
    unfinished: ['submitted', 'provisioning', 'pulling', 'running', 'terminating'],
    finished: ['terminated', 'aborted', 'failed', 'done'],
  },
} as const;

export type EntityKind = keyof typeof STATUSES;

export type InstanceStatus = (typeof STATUSES.instance)['unfinished' | 'finished'][number];
export type RunStatus = (typeof STATUSES.run)['unfinished' | 'finished'][number];
export type JobStatus = (typeof STATUSES.job)['unfinished' | 'finished'][number];

const RANKED: Readonly<Record<EntityKind, readonly string[]>> = {
  instance: [...STATUSES.instance.unfinished, ...STATUSES.instance.finished],
  run: [...STATUSES.run.unfinished, ...STATUSES.run.finished],
  job: [...STATUSES.job.unfinished, ...STATUSES.job.finished],
};

/** Where a status stands among those of its kind, unfinished ones first; -1 for a text that is none of them. */
export function statusRank(kind: EntityKind, status: string): number {
  return RANKED[kind].indexOf(status);
}
