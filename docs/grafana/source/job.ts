import { chart, dashboard, link, stat, table } from './parts';
import { GPU_DASHBOARD, PROJECT } from './places';

const RUN = 'dstack_project_name=~"$project", dstack_run_name=~"$run"';
const HERE = `${RUN}, dstack_job_name=~"$job"`;
const GPU = '{{dstack_job_name}} GPU {{gpu}}';

/** One run and its jobs, GPU by GPU. */
export const job = dashboard({
  uid: 'fleetmeter-job',
  title: 'fleetmeter / Job',
  about: 'A run and its jobs that are up: cost, CPU, memory, and each of their GPUs.',
  variables: [
    PROJECT,
    {
      name: 'run',
      label: 'Run',
      query: 'label_values(dstack_job_gpu_count{dstack_project_name=~"$project"}, dstack_run_name)',
    },
    {
      name: 'job',
      label: 'Job',
      query: `label_values(dstack_job_gpu_count{${RUN}}, dstack_job_name)`,
      all: true,
    },
  ],
  sections: [
    {
      panels: [
        stat({
          title: 'Cost so far',
          about: "The jobs' shares of their instances, of the jobs that are up.",
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(fleetmeter_job_cost_dollars_total{${HERE}})`,
        }),
        stat({
          title: 'Dollars an hour',
          about: 'What the jobs cost now.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(rate(fleetmeter_job_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
        }),
        stat({
          title: 'Since submitted',
          about: 'Of the oldest job.',
          unit: 's',
          width: 4,
          expr: `max(dstack_job_duration_seconds_total{${HERE}})`,
        }),
        stat({
          title: 'GPUs',
          about: 'That the jobs have.',
          unit: 'short',
          width: 4,
          expr: `sum(dstack_job_gpu_count{${HERE}})`,
        }),
        stat({
          title: 'GPU utilization',
          about: 'Mean over the GPUs now.',
          unit: 'percentunit',
          decimals: 1,
          width: 4,
          expr: `avg(fleetmeter_gpu_utilization_ratio{${HERE}})`,
        }),
        stat({
          title: 'GPU power',
          about: 'All GPUs together; slices of one GPU count once.',
          unit: 'watt',
          width: 4,
          expr: `sum(max by (uuid, gpu) (fleetmeter_gpu_power_watts{${HERE}}))`,
        }),
      ],
    },
    {
      title: 'Cost and place',
      panels: [
        chart({
          title: 'Cost, dollars',
          about: 'From provisioning on.',
          unit: 'currencyUSD',
          width: 12,
          queries: [[`fleetmeter_job_cost_dollars_total{${HERE}}`, '{{dstack_job_name}}']],
        }),
        table({
          title: 'Where they run',
          about: 'The instance of each job.',
          width: 12,
          expr:
            `fleetmeter_job_info * on (dstack_job_id) group_left (dstack_job_name, dstack_backend, dstack_gpu)` +
            ` dstack_job_gpu_count{${HERE}}`,
          columns: {
            dstack_job_name: 'Job',
            dstack_instance_name: 'Instance',
            dstack_instance_type: 'Type',
            dstack_backend: 'Backend',
            dstack_gpu: 'GPU',
          },
          value: { heading: 'GPUs', unit: 'short' },
        }),
      ],
    },
    {
      title: 'CPU and memory',
      panels: [
        chart({
          title: 'CPUs in use',
          about: 'Of the CPUs that the job has.',
          unit: 'short',
          width: 12,
          queries: [
            [
              `rate(dstack_job_cpu_time_seconds_total{${HERE}}[$__rate_interval])`,
              '{{dstack_job_name}} in use',
            ],
            [`dstack_job_cpu_count{${HERE}}`, '{{dstack_job_name}} has'],
          ],
        }),
        chart({
          title: 'Memory',
          about: 'The working set is what the job would be killed for; the rest is cache.',
          unit: 'bytes',
          width: 12,
          queries: [
            [`dstack_job_memory_working_set_bytes{${HERE}}`, '{{dstack_job_name}} working set'],
            [`dstack_job_memory_usage_bytes{${HERE}}`, '{{dstack_job_name}} with cache'],
            [`dstack_job_memory_total_bytes{${HERE}}`, '{{dstack_job_name}} has'],
          ],
        }),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        chart({
          title: 'Utilization',
          about: 'Time that each GPU was busy.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [[`fleetmeter_gpu_utilization_ratio{${HERE}}`, GPU]],
          links: [link('GPU health', GPU_DASHBOARD, { uuid: '${__field.labels.uuid}' })],
        }),
        chart({
          title: 'Memory used',
          about: 'Of the memory that each GPU has.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [
            [`fleetmeter_gpu_memory_used_bytes{${HERE}} / fleetmeter_gpu_memory_total_bytes{${HERE}}`, GPU],
          ],
        }),
        chart({
          title: 'Power',
          about: 'What each GPU draws.',
          unit: 'watt',
          width: 8,
          queries: [[`fleetmeter_gpu_power_watts{${HERE}}`, GPU]],
        }),
        chart({
          title: 'Temperature',
          about: 'Of each GPU.',
          unit: 'celsius',
          width: 8,
          queries: [[`fleetmeter_gpu_temperature_celsius{${HERE}}`, GPU]],
        }),
        chart({
          title: 'From job samples',
          about: 'Utilization as the agent on the host saw it, where it sends samples.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          queries: [[`dstack_job_gpu_usage_ratio{${HERE}}`, '{{dstack_job_name}} GPU {{dstack_gpu_num}}']],
        }),
      ],
    },
  ],
});
