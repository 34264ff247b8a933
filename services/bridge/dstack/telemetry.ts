import { randomUUID } from 'node:crypto';
import type { TelemetryEvent } from '../../../events/event';
import { GPU_SAMPLED, JOB_SAMPLED } from '../../../events/sample';
import type { JobSampled } from '../../../events/sample';
import type { GpuFields } from '../../exposition/gpu-fields';
import type { Family, Sample } from '../../exposition/page';
import { seriesOf } from '../../exposition/series';
import type { DstackClient } from './client';
import { readLongPage } from './page';

/**
 * dstack's page tells things about a job's usage that no list does: CPU time, and DCGM's families, which it
 * has from the job's instance.
 */
export interface SamplesOptions {
  readonly source: string;
  /** Which DCGM fields are taken; undefined: none. */
  readonly fields: GpuFields | undefined;
}

/**
 * A sample of each job whose usage is on the page. The page doesn't give its time: it is the time of the
 * request.
 */
export async function readSamples(client: DstackClient, options: SamplesOptions): Promise<TelemetryEvent[]> {
  const { bytes, sentMs } = await client.page();
  return [...gather(bytes).values()].flatMap((job) => eventsOf(job, sentMs, options));
}

interface JobOnPage {
  readonly ids: Pick<JobSampled, 'run' | 'job'>;
  readonly usage: Map<string, number>;
  readonly gpus: { usage_ratio?: number; memory_usage_bytes?: number }[];
  readonly dcgm: Sample[];
  readonly families: Map<string, Family>;
}

const USAGE: ReadonlyMap<string, 'cpu_time_seconds' | 'memory_usage_bytes' | 'memory_working_set_bytes'> =
  new Map([
    ['dstack_job_cpu_time_seconds_total', 'cpu_time_seconds'],
    ['dstack_job_memory_usage_bytes', 'memory_usage_bytes'],
    ['dstack_job_memory_working_set_bytes', 'memory_working_set_bytes'],
  ]);
const GPU_USAGE: ReadonlyMap<string, 'usage_ratio' | 'memory_usage_bytes'> = new Map([
  ['dstack_job_gpu_usage_ratio', 'usage_ratio'],
  ['dstack_job_gpu_memory_usage_bytes', 'memory_usage_bytes'],
]);
const MOST_GPUS = 1024;

function gather(bytes: Buffer): Map<string, JobOnPage> {
  const jobs = new Map<string, JobOnPage>();
  const families = new Map<string, Family>();
  const own = openOwnLabels();
  for (const page of readLongPage(bytes)) {
    for (const [name, family] of page.families) families.set(name, family);
    for (const sample of page.samples) {
      const jobId = sample.labels.get('dstack_job_id');
      const runId = sample.labels.get('dstack_run_id');
      if (jobId === undefined || runId === undefined) continue;
      let job = jobs.get(jobId);
      if (job === undefined) {
        job = {
          ids: { run: { id: runId }, job: { id: jobId } },
          usage: new Map(),
          gpus: [],
          dcgm: [],
          families,
        };
        jobs.set(jobId, job);
      }
      take(job, sample, own);
    }
  }
  return jobs;
}

function take(job: JobOnPage, sample: Sample, own: (labels: Sample['labels']) => Sample['labels']): void {
  const usage = USAGE.get(sample.name);
  if (usage !== undefined) {
    job.usage.set(usage, sample.value);
    return;
  }
  const gpuUsage = GPU_USAGE.get(sample.name);
  if (gpuUsage !== undefined) {
    const index = Number(sample.labels.get('dstack_gpu_num'));
    if (Number.isInteger(index) && index >= 0 && index < MOST_GPUS) {
      while (job.gpus.length <= index) job.gpus.push({});
      job.gpus[index] = { ...job.gpus[index], [gpuUsage]: sample.value };
    }
    return;
  }
  if (!sample.name.startsWith('dstack_')) job.dcgm.push({ ...sample, labels: own(sample.labels) });
}

/** The exporter's labels, without those added by dstack; lines of one GPU share them. */
function openOwnLabels(): (labels: Sample['labels']) => Sample['labels'] {
  const known = new Map<Sample['labels'], Sample['labels']>();
  return (labels) => {
    const before = known.get(labels);
    if (before !== undefined) return before;
    const own = new Map([...labels].filter(([name]) => !name.startsWith('dstack_')));
    known.set(labels, own);
    return own;
  };
}

function eventsOf(job: JobOnPage, timeMs: number, { source, fields }: SamplesOptions): TelemetryEvent[] {
  const events: TelemetryEvent[] = [];
  if (job.usage.size > 0) {
    const data = {
      ...job.ids,
      ...Object.fromEntries(job.usage),
      ...(job.gpus.length === 0 ? {} : { gpus: job.gpus }),
    };
    events.push(JOB_SAMPLED.make({ id: randomUUID(), source, timeMs }, data));
  }
  if (fields === undefined || job.dcgm.length === 0) return events;
  const isWanted = fields === 'all' ? undefined : (name: string): boolean => fields.has(name);
  const page = {
    kind: 'page',
    families: job.families,
    samples: job.dcgm,
    badLines: [],
    badLineCount: 0,
  } as const;
  const { families, series } = seriesOf(page, isWanted);
  if (series.length === 0) return events;
  const data = { ...job.ids, exporter: 'dcgm', families, series };
  events.push(GPU_SAMPLED.make({ id: randomUUID(), source, timeMs }, data));
  return events;
}
