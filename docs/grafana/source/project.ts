import { jobsEnded, linksToJob } from './panels';
import { chart, dashboard, stat, table } from './parts';
import { PROJECT } from './places';

const PROJECTS = 'dstack_project_name=~"$project"';
const HERE = `${PROJECTS}, dstack_user_name=~"$user"`;

/** What projects and their users cost and run. */
export const project = dashboard({
  uid: 'fleetmeter-project',
  title: 'fleetmeter / Project and user',
  about: 'What projects and their users cost, run and get out of their GPUs.',
  variables: [
    PROJECT,
    {
      name: 'user',
      label: 'User',
      query: `label_values(dstack_run_count_total{${PROJECTS}}, dstack_user_name)`,
      all: true,
    },
  ],
  sections: [
    {
      panels: [
        stat({
          title: 'Jobs, dollars an hour',
          about: "What the jobs cost now: their shares of their instances' prices.",
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(rate(fleetmeter_usage_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
        }),
        stat({
          title: 'Cost of jobs in this range',
          about: 'Ended jobs too.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(increase(fleetmeter_usage_cost_dollars_total{${HERE}}[$__range]))`,
        }),
        stat({
          title: 'GPU hours in this range',
          about: 'GPUs that jobs had, times how long, ended jobs too.',
          unit: 'short',
          decimals: 1,
          width: 4,
          expr: `sum(increase(fleetmeter_usage_gpu_seconds_total{${HERE}}[$__range])) / 3600`,
        }),
        stat({
          title: 'Dollars a GPU hour',
          about: 'Of the jobs of this range.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr:
            `sum(increase(fleetmeter_usage_cost_dollars_total{${HERE}, dstack_gpu!=""}[$__range]))` +
            ` / (sum(increase(fleetmeter_usage_gpu_seconds_total{${HERE}, dstack_gpu!=""}[$__range])) / 3600)`,
        }),
        stat({
          title: 'GPUs in jobs',
          about: 'That jobs have now.',
          unit: 'short',
          width: 4,
          expr: `sum(dstack_job_gpu_count{${HERE}})`,
        }),
        stat({
          title: 'GPU utilization',
          about: 'Mean over the GPUs that jobs have now.',
          unit: 'percentunit',
          decimals: 1,
          width: 4,
          expr: `avg(fleetmeter_gpu_utilization_ratio{${HERE}})`,
        }),
      ],
    },
    {
      title: 'Cost',
      panels: [
        chart({
          title: 'Jobs by user, dollars an hour',
          about: 'Exact counters: ended jobs count for as long as they ran.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          queries: [
            [
              `sum by (dstack_project_name, dstack_user_name) (rate(fleetmeter_usage_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_project_name}} / {{dstack_user_name}}',
            ],
          ],
        }),
        chart({
          title: 'Jobs by GPU, dollars an hour',
          about: 'By GPU model and backend.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          queries: [
            [
              `sum by (dstack_gpu, dstack_backend) (rate(fleetmeter_usage_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_gpu}} {{dstack_backend}}',
            ],
          ],
        }),
        table({
          title: 'Jobs up now that have cost the most',
          about: 'A click leads to the job.',
          width: 16,
          expr: `topk(20, fleetmeter_job_cost_dollars_total{${HERE}})`,
          columns: {
            dstack_project_name: 'Project',
            dstack_user_name: 'User',
            dstack_run_name: 'Run',
            dstack_job_name: 'Job',
            dstack_gpu: 'GPU',
            dstack_backend: 'Backend',
          },
          value: { heading: 'Cost', unit: 'currencyUSD' },
          links: linksToJob(),
        }),
        table({
          title: 'Cost in this range by run type',
          about: 'Ended jobs too.',
          width: 8,
          expr: `sort_desc(sum by (dstack_user_name, dstack_run_type) (increase(fleetmeter_usage_cost_dollars_total{${HERE}}[$__range])))`,
          columns: { dstack_user_name: 'User', dstack_run_type: 'Run type' },
          value: { heading: 'Cost', unit: 'currencyUSD' },
        }),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        chart({
          title: 'GPUs in jobs, by user',
          about: 'From the exact GPU time of jobs, ended ones too.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [
            [
              `sum by (dstack_project_name, dstack_user_name) (rate(fleetmeter_usage_gpu_seconds_total{${HERE}}[$__rate_interval]))`,
              '{{dstack_project_name}} / {{dstack_user_name}}',
            ],
          ],
        }),
        chart({
          title: 'GPU utilization, by user',
          about: 'Mean over the GPUs of the jobs, of all vendors.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          queries: [
            [
              `avg by (dstack_project_name, dstack_user_name) (fleetmeter_gpu_utilization_ratio{${HERE}})`,
              '{{dstack_project_name}} / {{dstack_user_name}}',
            ],
          ],
        }),
        chart({
          title: 'GPU memory used, by user',
          about: 'Of the memory of the GPUs that the jobs have.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          queries: [
            [
              `sum by (dstack_project_name, dstack_user_name) (dstack_job_gpu_memory_usage_bytes{${HERE}})` +
                ` / sum by (dstack_project_name, dstack_user_name) (dstack_job_gpu_memory_total_bytes{${HERE}})`,
              '{{dstack_project_name}} / {{dstack_user_name}}',
            ],
          ],
        }),
      ],
    },
    {
      title: 'Runs and jobs',
      panels: [
        jobsEnded(HERE),
        chart({
          title: 'Runs submitted, an hour',
          about: 'By user.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [
            [
              `sum by (dstack_project_name, dstack_user_name) (rate(dstack_run_count_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_project_name}} / {{dstack_user_name}}',
            ],
          ],
        }),
        chart({
          title: 'Runs of the project by status',
          about: 'Runs of all its users that have not finished.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [[`sum by (status) (fleetmeter_runs{${PROJECTS}})`, '{{status}}']],
        }),
      ],
    },
  ],
});
