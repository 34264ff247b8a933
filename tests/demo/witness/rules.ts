/** What dstack's entities can go to from each status. */
export const NEXT: Record<'instance' | 'run' | 'job', Record<string, readonly string[]>> = {
  instance: {
    provisioning: ['idle', 'busy', 'terminating'],
    idle: ['busy', 'terminating'],
    busy: ['idle', 'terminating'],
    terminating: ['terminated'],
  },
  run: {
    pending: ['submitted'],
    submitted: ['provisioning', 'pending', 'terminating'],
    provisioning: ['running', 'pending', 'terminating'],
    running: ['pending', 'terminating'],
    terminating: ['pending', 'done', 'failed', 'terminated'],
  },
  job: {
    submitted: ['provisioning', 'failed', 'terminated', 'aborted'],
    provisioning: ['pulling', 'terminating'],
    pulling: ['running', 'terminating'],
    running: ['terminating'],
    terminating: ['done', 'failed', 'terminated', 'aborted'],
  },
};

/** The reasons for which a job ends in each status. */
export const REASONS: Record<string, readonly string[]> = {
  done: ['done_by_runner'],
  aborted: ['aborted_by_user'],
  failed: [
    'failed_to_start_due_to_no_capacity',
    'interrupted_by_no_capacity',
    'instance_unreachable',
    'waiting_instance_limit_exceeded',
    'creating_container_error',
    'container_exited_with_error',
  ],
  terminated: [
    'terminated_by_user',
    'terminated_by_server',
    'scaled_down',
    'max_duration_exceeded',
    'inactivity_duration_exceeded',
  ],
};
