/**
 * Names, types, labels in order, HELP texts and buckets, written out again from the contract: dashboards
 * stand on them.
 */
import { PAGE_FAMILIES, SUM_FAMILIES } from '../../services/catalogue/families';
import { GPU_FAMILIES } from '../../services/catalogue/gpu';

const INSTANCE =
  'dstack_project_name dstack_fleet_name dstack_fleet_id dstack_instance_name dstack_instance_id dstack_instance_type ' +
  'dstack_backend dstack_gpu';
const JOB =
  'dstack_project_name dstack_user_name dstack_run_name dstack_run_id dstack_job_name dstack_job_id dstack_job_num ' +
  'dstack_replica_num dstack_run_type dstack_backend dstack_gpu';
const VOLUME =
  'dstack_project_name dstack_user_name dstack_volume_name dstack_volume_id dstack_backend dstack_region';
const GPU = `${JOB} dstack_gpu_num`;
const RUN = 'dstack_project_name dstack_user_name';
const QUEUE = 'project_name run_type';
const USAGE = 'dstack_project_name dstack_user_name dstack_backend dstack_gpu dstack_run_type';
const FLEET = 'dstack_project_name dstack_fleet_name dstack_backend dstack_gpu dstack_instance_type';
const INFO =
  'dstack_project_name dstack_run_id dstack_job_id dstack_instance_id dstack_instance_name dstack_instance_type';

/** Name, type, labels, and HELP where the contract has one (dstack's; ours are our own). */
const CONTRACT: readonly (readonly [string, string, string, string?])[] = [
  ['dstack_instance_duration_seconds_total', 'counter', INSTANCE, 'Total seconds the instance is running'],
  ['dstack_instance_price_dollars_per_hour', 'gauge', INSTANCE, 'Instance price, USD/hour'],
  ['dstack_instance_gpu_count', 'gauge', INSTANCE, 'Instance GPU count'],
  ['dstack_run_count_total', 'counter', RUN, 'Total runs count'],
  ['dstack_run_count_terminated_total', 'counter', RUN, 'Terminated runs count'],
  ['dstack_run_count_failed_total', 'counter', RUN, 'Failed runs count'],
  ['dstack_run_count_done_total', 'counter', RUN, 'Done runs count'],
  ['dstack_job_duration_seconds_total', 'counter', JOB, 'Total seconds the job is running'],
  ['dstack_job_price_dollars_per_hour', 'gauge', JOB, 'Job instance price, USD/hour'],
  ['dstack_job_gpu_count', 'gauge', JOB, 'Job GPU count'],
  ['dstack_job_cpu_count', 'gauge', JOB, 'Job CPU count'],
  ['dstack_job_memory_total_bytes', 'gauge', JOB, 'Total memory allocated for the job, bytes'],
  ['dstack_job_cpu_time_seconds_total', 'counter', JOB, 'Total CPU time consumed by the job, seconds'],
  ['dstack_job_memory_usage_bytes', 'gauge', JOB, 'Memory used by the job (including cache), bytes'],
  [
    'dstack_job_memory_working_set_bytes',
    'gauge',
    JOB,
    'Memory used by the job (not including cache), bytes',
  ],
  ['dstack_job_gpu_usage_ratio', 'gauge', GPU, 'Job GPU usage, percent (as 0.0-1.0)'],
  ['dstack_job_gpu_memory_total_bytes', 'gauge', GPU, 'Total GPU memory allocated for the job, bytes'],
  ['dstack_job_gpu_memory_usage_bytes', 'gauge', GPU, 'GPU memory used by the job, bytes'],
  [
    'dstack_submit_to_provision_duration_seconds',
    'histogram',
    QUEUE,
    'Time from when a run has been submitted and first job provisioning',
  ],
  ['dstack_pending_runs_total', 'counter', QUEUE, 'Number of pending runs'],
  ['fleetmeter_job_cost_dollars_total', 'counter', JOB],
  ['fleetmeter_instance_cost_dollars_total', 'counter', INSTANCE],
  ['fleetmeter_usage_cost_dollars_total', 'counter', USAGE],
  ['fleetmeter_usage_gpu_seconds_total', 'counter', USAGE],
  ['fleetmeter_fleet_cost_dollars_total', 'counter', FLEET],
  ['fleetmeter_fleet_idle_cost_dollars_total', 'counter', FLEET],
  ['fleetmeter_jobs_finished_total', 'counter', 'dstack_project_name dstack_user_name status'],
  ['fleetmeter_job_finish_reasons_total', 'counter', 'dstack_project_name status reason'],
  ['fleetmeter_job_info', 'gauge', INFO],
  ['fleetmeter_runs', 'gauge', 'dstack_project_name status'],
  ['fleetmeter_jobs', 'gauge', 'dstack_project_name status'],
  ['fleetmeter_instances', 'gauge', 'dstack_project_name status'],
  ['fleetmeter_run_duration_seconds', 'histogram', 'dstack_project_name dstack_run_type'],
  ['fleetmeter_orphaned_jobs', 'gauge', 'dstack_project_name'],
  ['fleetmeter_volume_cost_dollars_total', 'counter', VOLUME],
  ['fleetmeter_volume_price_dollars_per_hour', 'gauge', VOLUME],
  ['fleetmeter_volume_size_bytes', 'gauge', VOLUME],
  ['fleetmeter_storage_cost_dollars_total', 'counter', 'dstack_project_name dstack_user_name dstack_backend'],
  ['fleetmeter_held', 'gauge', 'family'],
  ['fleetmeter_page_timestamp_seconds', 'gauge', ''],
  ['fleetmeter_source_last_event_timestamp_seconds', 'gauge', 'source'],
];

/** Those of GPUs are looked at elsewhere. */
const families = PAGE_FAMILIES.filter(({ name }) => GPU_FAMILIES.every((gpu) => gpu.name !== name));

test('the catalogue has the contract’s families, each once, and no other', () => {
  expect(families.map(({ name }) => name).sort()).toEqual(CONTRACT.map(([name]) => name).sort());
});

test.each(CONTRACT.map((row) => [row[0], row] as const))('%s', (_, [name, type, labels, help]) => {
  const family = families.find((one) => one.name === name);
  expect(family?.type).toBe(type);
  expect(family?.labels.join(' ')).toBe(labels);
  if (help === undefined) expect(family?.help).toMatch(/^[A-Z][^\n]{10,}[^.\n]$/);
  else expect(family?.help).toBe(help);
});

test.each([
  [
    'dstack_submit_to_provision_duration_seconds',
    [15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 420, 480, 540, 600, 900, 1200, 1800],
  ],
  ['fleetmeter_run_duration_seconds', [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800]],
])('the buckets of %s', (name, bounds) => {
  expect(SUM_FAMILIES.get(name)?.bounds).toEqual(bounds);
});
