/** Families about the page itself. */
export const HELD = {
  name: 'fleetmeter_held',
  type: 'gauge',
  help: "How far counters are shown above the ledger until it has caught up, in the family's unit",
  labels: ['family'],
} as const;

export const ORPHANED_JOBS = {
  name: 'fleetmeter_orphaned_jobs',
  type: 'gauge',
  help: 'Jobs on the page whose run has finished or whose instance has terminated: they cost on until their end is said',
  labels: ['dstack_project_name'],
} as const;

export const PAGE_TIMESTAMP = {
  name: 'fleetmeter_page_timestamp_seconds',
  type: 'gauge',
  help: 'The moment that the page is as of: the oldest page time of the partitions, seconds since the epoch',
  labels: [],
} as const;

export const SOURCE_TIMESTAMP = {
  name: 'fleetmeter_source_last_event_timestamp_seconds',
  type: 'gauge',
  help: 'Time of the newest lifecycle event taken from each source, seconds since the epoch',
  labels: ['source'],
} as const;
