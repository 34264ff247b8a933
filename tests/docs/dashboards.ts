/** Reads the dashboards as Grafana would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = resolve(__dirname, '../../docs/grafana/dashboards');

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly definition?: string;
      readonly query: unknown;
    }[];
  };
  readonly panels: readonly Panel[];
}

export interface DashboardFile {
  readonly name: string;
  readonly text: string;
  readonly dashboard: Dashboard;
}

export function readDashboards(): DashboardFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      return { name, text, dashboard: JSON.parse(text) as Dashboard };
    });
}

/** What Grafana would ask with its variables on "All", `rate` and `range` for its own. */
export function asked(
  expr: string,
  { rate, range }: { readonly rate: string; readonly range: string },
): string {
  return expr
    .replaceAll('$__rate_interval', rate)
    .replaceAll('$__range', range)
    .replace(/\$[a-z]+\b/g, '.*');
}
