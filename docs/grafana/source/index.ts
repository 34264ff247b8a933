import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { cost } from './cost';
import { fleet } from './fleet';
import { gpu } from './gpu';
import { job } from './job';
import { pipeline } from './pipeline';
import { project } from './project';

/** By the name of their file under docs/grafana/dashboards. */
const DASHBOARDS: Readonly<Record<string, Dashboard>> = { fleet, project, job, gpu, cost, pipeline };

/** File name to text. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(DASHBOARDS).map(([name, dashboard]) => [
      `${name}.json`,
      `${JSON.stringify(dashboard, null, 2)}\n`,
    ]),
  );
}
