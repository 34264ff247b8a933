import { linksToJob } from './panels';
import { chart, dashboard, link, stat, table } from './parts';
import { PROJECT, PROJECT_DASHBOARD, projectOfSeries } from './places';

const HERE = 'dstack_project_name=~"$project"';
const RATE = '[$__rate_interval]';
/** A GPU under this part of its time is not active: what a job holds and does not use. */
const ACTIVE = 0.05;

/** GPUs of jobs, each once: slices of one GPU are one, and as busy as the busiest. */
const BUSY = `max by (dstack_project_name, uuid, vendor, gpu) (fleetmeter_gpu_utilization_ratio{${HERE}, dstack_job_id!=""})`;

const fleetRate = `sum by (dstack_project_name) (rate(fleetmeter_fleet_cost_dollars_total{${HERE}}${RATE})) * 3600`;
const idleRate = `sum by (dstack_project_name) (rate(fleetmeter_fleet_idle_cost_dollars_total{${HERE}}${RATE})) * 3600`;
const jobsRate = `sum by (dstack_project_name) (rate(fleetmeter_usage_cost_dollars_total{${HERE}}${RATE})) * 3600`;

/** Dollars an hour of each job that its GPUs were not busy for, of jobs whose GPUs report. */
const unusedOfJob =
  `rate(fleetmeter_job_cost_dollars_total{${HERE}, dstack_gpu!=""}${RATE}) * 3600` +
  ` * on (dstack_job_id) group_left () (1 - avg by (dstack_job_id) (fleetmeter_gpu_utilization_ratio{${HERE}, dstack_job_id!=""}))`;

const byProject = '{{dstack_project_name}}';
const toProject = link('Project and user', PROJECT_DASHBOARD, projectOfSeries);

/** What is paid for and not used. */
export const cost = dashboard({
  uid: 'fleetmeter-cost',
  title: 'fleetmeter / Cost and waste',
  about:
    'Allocated GPUs are those that jobs have, active ones those that are busy at all, effective ones the sum of how busy they are.',
  variables: [PROJECT],
  sections: [
    {
      panels: [
        stat({
          title: 'GPUs up',
          about: 'Of the instances that are up.',
          unit: 'short',
          width: 4,
          expr: `sum(dstack_instance_gpu_count{${HERE}})`,
        }),
        stat({
          title: 'Allocated',
          about: 'GPUs that jobs have.',
          unit: 'short',
          width: 4,
          expr: `sum(dstack_job_gpu_count{${HERE}})`,
        }),
        stat({
          title: 'Active',
          about: `GPUs of jobs that are busy for more than ${ACTIVE * 100} % of the time.`,
          unit: 'short',
          width: 4,
          expr: `count(${BUSY} > ${ACTIVE}) or vector(0)`,
        }),
        stat({
          title: 'Effective',
          about: 'How busy the GPUs of jobs are, added up: so many full GPUs would do the same.',
          unit: 'short',
          decimals: 1,
          width: 4,
          expr: `sum(${BUSY})`,
        }),
        stat({
          title: 'Unused, dollars an hour',
          about: 'What the fleet costs beyond the time that GPUs of jobs are busy.',
          unit: 'currencyUSD',
          decimals: 2,
          width: 4,
          expr: `sum(${fleetRate}) - sum(${jobsRate}) + sum(${unusedOfJob})`,
        }),
        stat({
          title: 'At this pace, dollars this month',
          about: 'What the instances of the last hour would cost in a whole month.',
          unit: 'currencyUSD',
          decimals: 0,
          width: 4,
          expr: `sum(rate(fleetmeter_fleet_cost_dollars_total{${HERE}}[1h])) * 86400 * scalar(days_in_month())`,
        }),
      ],
    },
    {
      title: 'Where the money goes',
      panels: [
        chart({
          title: 'Dollars an hour, used and not',
          about:
            'They add up to what the fleet costs. Unallocated: starting and ending instances, and free GPUs of part-used ones. Jobs whose GPUs do not report count as used.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          queries: [
            [`sum(${jobsRate}) - (sum(${unusedOfJob}) or vector(0))`, 'jobs, GPUs busy'],
            [`sum(${unusedOfJob}) or vector(0)`, 'jobs, GPUs not busy'],
            [`sum(${idleRate})`, 'idle instances'],
            [`clamp_min(sum(${fleetRate}) - sum(${idleRate}) - sum(${jobsRate}), 0)`, 'unallocated'],
          ],
        }),
        chart({
          title: 'GPUs: up, allocated, active, effective',
          about: 'The gaps between the lines are what is paid for and not used.',
          unit: 'short',
          width: 12,
          queries: [
            [`sum(dstack_instance_gpu_count{${HERE}})`, 'up'],
            [`sum(dstack_job_gpu_count{${HERE}})`, 'allocated'],
            [`count(${BUSY} > ${ACTIVE}) or vector(0)`, 'active'],
            [`sum(${BUSY})`, 'effective'],
          ],
        }),
        chart({
          title: 'GPUs of jobs not busy, dollars an hour by project',
          about: "The job's cost times the part of the time that its GPUs were not busy.",
          unit: 'currencyUSD',
          width: 8,
          stacked: true,
          links: [toProject],
          queries: [[`sum by (dstack_project_name) (${unusedOfJob})`, byProject]],
        }),
        chart({
          title: 'Idle instances, dollars an hour by project',
          about: 'Instances without a job.',
          unit: 'currencyUSD',
          width: 8,
          stacked: true,
          links: [toProject],
          queries: [[idleRate, byProject]],
        }),
        chart({
          title: 'GPU utilization by project',
          about: 'Effective of allocated GPUs; GPUs that do not report count as unused.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          links: [toProject],
          queries: [
            [
              `sum by (dstack_project_name) (${BUSY}) / sum by (dstack_project_name) (dstack_job_gpu_count{${HERE}} > 0)`,
              byProject,
            ],
          ],
        }),
      ],
    },
    {
      title: 'Volumes',
      panels: [
        chart({
          title: 'Volumes, dollars an hour by project',
          about: 'They cost from when they are made until they are deleted, used or not.',
          unit: 'currencyUSD',
          width: 12,
          stacked: true,
          links: [toProject],
          queries: [
            [
              `sum by (dstack_project_name) (rate(fleetmeter_storage_cost_dollars_total{${HERE}}${RATE})) * 3600`,
              byProject,
            ],
          ],
        }),
        table({
          title: 'Volumes that have cost the most',
          about: 'Of those that are there now, since each was made.',
          width: 12,
          expr: `topk(20, fleetmeter_volume_cost_dollars_total{${HERE}})`,
          columns: {
            dstack_project_name: 'Project',
            dstack_user_name: 'User',
            dstack_volume_name: 'Volume',
            dstack_backend: 'Backend',
            dstack_region: 'Region',
          },
          value: { heading: 'Cost', unit: 'currencyUSD' },
          links: {
            Project: link('Project', PROJECT_DASHBOARD, { project: '${__data.fields.Project}' }),
          },
        }),
      ],
    },
    {
      title: 'Budgets',
      panels: [
        chart({
          title: 'Budgets, pace',
          about:
            'How often the month would spend it at the pace of the last six hours; at 1 it lasts for the month. Made by fleetmeter budgets rules.',
          unit: 'short',
          width: 12,
          queries: [
            [
              `fleetmeter_budget_burn_ratio{window="6h", ${HERE}}`,
              '{{dstack_project_name}} {{dstack_user_name}}',
            ],
          ],
        }),
        chart({
          title: 'Budgets, dollars of the month',
          about: 'What may be spent.',
          unit: 'currencyUSD',
          width: 12,
          queries: [
            [`fleetmeter_budget_dollars{${HERE}}`, '{{dstack_project_name}} {{dstack_user_name}} {{month}}'],
          ],
        }),
      ],
    },
    {
      title: 'What to look at first',
      panels: [
        table({
          title: 'Jobs that cost the most without using their GPUs',
          about: 'Dollars an hour that their GPUs are not busy for. A click leads to the job.',
          width: 16,
          expr: `topk(20, ${unusedOfJob})`,
          columns: {
            dstack_project_name: 'Project',
            dstack_user_name: 'User',
            dstack_run_name: 'Run',
            dstack_job_name: 'Job',
            dstack_run_type: 'Type',
            dstack_gpu: 'GPU',
          },
          value: { heading: 'Unused an hour', unit: 'currencyUSD' },
          links: linksToJob(),
        }),
        table({
          title: 'Idle cost in this range by fleet',
          about: 'Instances without a job.',
          width: 8,
          expr: `topk(20, sum by (dstack_project_name, dstack_fleet_name) (increase(fleetmeter_fleet_idle_cost_dollars_total{${HERE}}[$__range])))`,
          columns: { dstack_project_name: 'Project', dstack_fleet_name: 'Fleet' },
          value: { heading: 'Idle', unit: 'currencyUSD' },
          links: {
            Project: link('Project', PROJECT_DASHBOARD, { project: '${__data.fields.Project}' }),
          },
        }),
      ],
    },
  ],
});
