/** What several dashboards show alike. */
import { chart, link } from './parts';
import { JOB_DASHBOARD, jobOfRow } from './places';

/** @param where label matchers */
export function jobsEnded(where: string) {
  return chart({
    title: 'Jobs ended, an hour',
    about: 'By their final status.',
    unit: 'short',
    width: 8,
    stacked: true,
    queries: [
      [
        `sum by (status) (rate(fleetmeter_jobs_finished_total{${where}}[$__rate_interval])) * 3600`,
        '{{status}}',
      ],
    ],
  });
}

/** From a table of jobs to the dashboard of each. */
export function linksToJob() {
  return { Run: link('Job', JOB_DASHBOARD, jobOfRow), Job: link('Job', JOB_DASHBOARD, jobOfRow) };
}
