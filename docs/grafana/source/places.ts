/** What several dashboards know: each other's names, and the variables they hand on. */
import type { Variable } from './parts';

export const PROJECT_DASHBOARD = 'fleetmeter-project';
export const JOB_DASHBOARD = 'fleetmeter-job';
export const GPU_DASHBOARD = 'fleetmeter-gpu';

export const PROJECT: Variable = {
  name: 'project',
  label: 'Project',
  query: 'label_values(fleetmeter_runs, dstack_project_name)',
  all: true,
};

export const projectOfSeries = { project: '${__field.labels.dstack_project_name}' };

/** Of a row of a table with these headings. */
export const jobOfRow = {
  project: '${__data.fields.Project}',
  run: '${__data.fields.Run}',
  job: '${__data.fields.Job}',
};
