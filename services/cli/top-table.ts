import { printable } from './printable';
import { table } from './table';

/** A sample line of a page. */
interface Sample {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/** The wanted families of a page. */
function samplesOf(page: string, names: ReadonlySet<string>): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>([...names].map((name) => [name, []]));
  for (const line of page.split('\n')) {
    const [, name = '', labels = '', value] = LINE.exec(line) ?? [];
    found.get(name)?.push({
      labels: new Map([...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])),
      value: Number(value),
    });
  }
  return found;
}

const JOBS = 'fleetmeter_jobs';
const INSTANCES = 'fleetmeter_instances';
const AGE = 'dstack_job_duration_seconds_total';
const PRICE = 'dstack_job_price_dollars_per_hour';
const COST = 'fleetmeter_job_cost_dollars_total';
const GPUS = 'dstack_job_gpu_count';
const USE = 'dstack_job_gpu_usage_ratio';
const INSTANCE_PRICE = 'dstack_instance_price_dollars_per_hour';
const INSTANCE_GPUS = 'dstack_instance_gpu_count';
const PAGE_TIME = 'fleetmeter_page_timestamp_seconds';
const NAMES = new Set([
  JOBS,
  INSTANCES,
  AGE,
  PRICE,
  COST,
  GPUS,
  USE,
  INSTANCE_PRICE,
  INSTANCE_GPUS,
  PAGE_TIME,
]);

/** What `top` shows of a page: the fleet in two lines, and its jobs, the most expensive first. */
export function topTable(page: string, mostJobs: number): string {
  const families = samplesOf(page, NAMES);
  const of = (name: string): readonly Sample[] => families.get(name) ?? [];
  const [pageTime] = of(PAGE_TIME);
  const jobs = of(COST).toSorted((a, b) => b.value - a.value);
  const rows = jobs.slice(0, mostJobs).map((job) => jobRow(job, of));
  const rest = jobs.length - rows.length;
  return [
    `${new Date((pageTime?.value ?? 0) * 1000).toISOString()}  $${sum(of(INSTANCE_PRICE)).toFixed(2)} an hour, ` +
      `${String(sum(of(GPUS)))} of ${String(sum(of(INSTANCE_GPUS)))} GPUs in jobs\n`,
    `instances: ${byStatus(of(INSTANCES))}   jobs: ${byStatus(of(JOBS))}\n\n`,
    table([['cost $', '$/h', 'GPUs', 'use', 'age', 'GPU', 'backend', 'project', 'user', 'run'], ...rows]),
    ...(rest > 0 ? [`and ${String(rest)} more\n`] : []),
  ].join('');
}

function jobRow({ labels, value }: Sample, of: (name: string) => readonly Sample[]): readonly string[] {
  const id = labels.get('dstack_job_id');
  const ofJob = (name: string): readonly Sample[] =>
    of(name).filter((sample) => sample.labels.get('dstack_job_id') === id);
  const uses = ofJob(USE);
  const label = (name: string): string => printable(labels.get(name) ?? '');
  return [
    value.toFixed(2),
    sum(ofJob(PRICE)).toFixed(2),
    String(sum(ofJob(GPUS))),
    uses.length === 0 ? '' : `${String(Math.round((100 * sum(uses)) / uses.length))} %`,
    ageText(sum(ofJob(AGE))),
    ...['dstack_gpu', 'dstack_backend', 'dstack_project_name', 'dstack_user_name', 'dstack_run_name'].map(
      label,
    ),
  ];
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

function byStatus(samples: readonly Sample[]): string {
  const counts = new Map<string, number>();
  for (const { labels, value } of samples) {
    const status = labels.get('status') ?? '';
    counts.set(status, (counts.get(status) ?? 0) + value);
  }
  const texts = [...counts]
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${String(count)} ${status}`);
  return texts.length === 0 ? 'none' : texts.join(', ');
}

function ageText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${String(Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, '0')}`;
}

export interface Screen {
  readonly rows: number;
  readonly columns: number;
}

/** Lines around those of jobs, and one for the cursor. */
const OTHER_ROWS = 8;

/** The table on a terminal: as many jobs as it has room for, and nothing that wraps. */
export function topScreen(page: string, limit: number, { rows, columns }: Screen): string {
  const text = topTable(page, Math.max(1, Math.min(limit, rows - OTHER_ROWS)));
  const lines = [...text.split('\n'), 'Ctrl-C ends it'];
  return `${lines.map((line) => line.slice(0, columns)).join('\n')}\n`;
}
