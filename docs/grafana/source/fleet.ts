import { jobsEnded } from './panels';
import { chart, dashboard, link, stat, table } from './parts';
import { PROJECT, PROJECT_DASHBOARD, projectOfSeries } from './places';

const HERE = 'dstack_project_name=~"$project"';
const toProject = link('Project and user', PROJECT_DASHBOARD, projectOfSeries);

/** What the fleet costs and does now, and where to look next. */
export const fleet = dashboard({
  uid: 'fleetmeter-fleet',
  title: 'fleetmeter / Fleet',
  about: 'What the GPU fleet costs and does.',
  variables: [PROJECT],
  sections: [
    {
      panels: [
        stat({
          title: 'Fleet, dollars an hour',
          about: 'What the instances that are up cost, by their latest prices.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(dstack_instance_price_dollars_per_hour{${HERE}})`,
        }),
        stat({
          title: 'Cost in this range',
          about: 'All instances, ended ones too.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(increase(fleetmeter_fleet_cost_dollars_total{${HERE}}[$__range]))`,
        }),
        stat({
          title: 'Idle part of it',
          about: 'What instances cost while no job was on them, of what they cost.',
          unit: 'percentunit',
          decimals: 1,
          width: 4,
          expr:
            `sum(increase(fleetmeter_fleet_idle_cost_dollars_total{${HERE}}[$__range]))` +
            ` / sum(increase(fleetmeter_fleet_cost_dollars_total{${HERE}}[$__range]))`,
        }),
        stat({
          title: 'GPUs in jobs, of the fleet',
          about: 'GPUs that jobs have, of those of the instances that are up.',
          unit: 'percentunit',
          decimals: 1,
          width: 4,
          expr: `sum(dstack_job_gpu_count{${HERE}}) / sum(dstack_instance_gpu_count{${HERE}})`,
        }),
        stat({
          title: 'Instances up',
          about: 'Provisioning, idle, busy or terminating.',
          unit: 'short',
          width: 2,
          expr: `sum(fleetmeter_instances{${HERE}, status!="pending"})`,
        }),
        stat({
          title: 'Jobs running',
          about: 'In the status running.',
          unit: 'short',
          width: 2,
          expr: `sum(fleetmeter_jobs{${HERE}, status="running"})`,
        }),
        stat({
          title: 'Runs waiting',
          about: 'Submitted or pending.',
          unit: 'short',
          width: 2,
          expr: `sum(fleetmeter_runs{${HERE}, status=~"pending|submitted"})`,
        }),
        stat({
          title: 'Page age',
          about: 'How far the page is behind the clock. Costs up to then are right.',
          unit: 's',
          decimals: 0,
          width: 2,
          bad: 60,
          expr: 'time() - max(fleetmeter_page_timestamp_seconds)',
        }),
      ],
    },
    {
      title: 'Cost',
      panels: [
        chart({
          title: 'Instances by project, dollars an hour',
          about: 'Exact counters: instances that have ended count for as long as they ran.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          links: [toProject],
          queries: [
            [
              `sum by (dstack_project_name) (rate(fleetmeter_fleet_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_project_name}}',
            ],
          ],
        }),
        chart({
          title: 'Instances by backend and GPU, dollars an hour',
          about: 'Where the money goes.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          queries: [
            [
              `sum by (dstack_backend, dstack_gpu) (rate(fleetmeter_fleet_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_backend}} {{dstack_gpu}}',
            ],
          ],
        }),
        chart({
          title: 'Idle instances by fleet, dollars an hour',
          about: 'What instances cost while no job is on them.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          links: [toProject],
          queries: [
            [
              `sum by (dstack_project_name, dstack_fleet_name) (rate(fleetmeter_fleet_idle_cost_dollars_total{${HERE}}[$__rate_interval])) * 3600`,
              '{{dstack_project_name}} / {{dstack_fleet_name}}',
            ],
          ],
        }),
        table({
          title: 'Cost of jobs in this range',
          about: 'Ended jobs too. A click leads to the project.',
          width: 12,
          expr: `sort_desc(sum by (dstack_project_name, dstack_user_name) (increase(fleetmeter_usage_cost_dollars_total{${HERE}}[$__range])))`,
          columns: { dstack_project_name: 'Project', dstack_user_name: 'User' },
          value: { heading: 'Cost', unit: 'currencyUSD' },
          links: {
            Project: link('Project', PROJECT_DASHBOARD, { project: '${__data.fields.Project}' }),
            User: link('User', PROJECT_DASHBOARD, {
              project: '${__data.fields.Project}',
              user: '${__data.fields.User}',
            }),
          },
        }),
      ],
    },
    {
      title: 'GPUs',
      panels: [
        chart({
          title: 'GPUs up, by model',
          about: 'GPUs of the instances that are up.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [
            [`sum by (dstack_gpu) (dstack_instance_gpu_count{${HERE}, dstack_gpu!=""})`, '{{dstack_gpu}}'],
          ],
        }),
        chart({
          title: 'GPUs in jobs, by project',
          about: 'From the exact GPU time of jobs, ended ones too.',
          unit: 'short',
          width: 8,
          stacked: true,
          links: [toProject],
          queries: [
            [
              `sum by (dstack_project_name) (rate(fleetmeter_usage_gpu_seconds_total{${HERE}}[$__rate_interval]))`,
              '{{dstack_project_name}}',
            ],
          ],
        }),
        chart({
          title: 'GPU utilization, by model',
          about: 'Mean over the GPUs that jobs have, of all vendors.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          queries: [
            [
              `avg by (dstack_gpu) (fleetmeter_gpu_utilization_ratio{${HERE}, dstack_job_id!=""})`,
              '{{dstack_gpu}}',
            ],
          ],
        }),
      ],
    },
    {
      title: 'Queue, runs and jobs',
      panels: [
        chart({
          title: 'From submitted to provisioning',
          about: 'How long runs wait for an instance.',
          unit: 's',
          width: 8,
          queries: [0.5, 0.9].map((quantile) => [
            `histogram_quantile(${quantile}, sum by (le) (increase(dstack_submit_to_provision_duration_seconds_bucket{project_name=~"$project"}[1h]))) >= 0`,
            `p${quantile * 100}`,
          ]),
        }),
        chart({
          title: 'Runs by status',
          about: 'Runs that have not finished.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [[`sum by (status) (fleetmeter_runs{${HERE}})`, '{{status}}']],
        }),
        chart({
          title: 'Jobs by status',
          about: 'Jobs that have not finished.',
          unit: 'short',
          width: 8,
          stacked: true,
          queries: [[`sum by (status) (fleetmeter_jobs{${HERE}})`, '{{status}}']],
        }),
        chart({
          title: 'Runs back to pending, an hour',
          about: 'Retries and scheduled runs.',
          unit: 'short',
          width: 8,
          queries: [
            [
              'sum by (project_name, run_type) (rate(dstack_pending_runs_total{project_name=~"$project"}[$__rate_interval])) * 3600',
              '{{project_name}} {{run_type}}',
            ],
          ],
        }),
        jobsEnded(HERE),
        table({
          title: 'Why jobs ended, in all',
          about:
            'The reasons of jobs that did not end well. A reason is counted from 1 on, so increase() misses its first.',
          width: 8,
          expr: `topk(20, sum by (status, reason) (fleetmeter_job_finish_reasons_total{${HERE}, status!="done"}))`,
          columns: { status: 'Status', reason: 'Reason' },
          value: { heading: 'Jobs', unit: 'short' },
        }),
      ],
    },
  ],
});
