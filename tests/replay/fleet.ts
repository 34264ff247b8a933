import { encodeEvent } from '../../events/codec';
import { GPU, tell, type Told } from '../support/told';

export const EPOCH_MS = Date.UTC(2026, 10, 24, 8);
/** A dollar a second. */
const PRICE = { dollars_per_hour: 3600 };

/**
 * The life of a job that is alone in its run, on an instance of its own; it ends after `endsS` seconds, if it
 * does.
 */
export function jobLife(id: string, startS: number, endsS?: number, project = 'p'): Told[] {
  const at = (seconds: number): number => EPOCH_MS + seconds * 1000;
  const run = { id: `run-${id}` };
  const submitted = { project, user: 'u', run: { ...run, name: `name of ${id}`, type: 'task' } };
  const job = { id };
  const instance = { id: `instance-${id}`, name: `name of ${id}`, backend: 'aws' };
  const resources = { cpus: 8, memory_bytes: 1024, gpu: GPU };
  const lives: Told[] = [
    { type: 'instance.started', atMs: at(startS), data: { project, instance, price: PRICE, status: 'idle' } },
    { type: 'run.submitted', atMs: at(startS), data: submitted },
    {
      type: 'job.submitted',
      atMs: at(startS),
      data: { ...submitted, job: { id, name: `name of ${id}`, num: 0, replica_num: 0 } },
    },
    {
      type: 'job.provisioned',
      atMs: at(startS + 1),
      data: { run, job, instance, resources, price: PRICE },
    },
    { type: 'job.status_changed', atMs: at(startS + 2), data: { run, job, status: 'running' } },
    { type: 'job.sampled', atMs: at(startS + 3), data: { run, job, cpu_time_seconds: startS } },
  ];
  return endsS === undefined ? lives : [...lives, jobEnd(id, endsS), { ...runEnd(id, endsS) }];
}

export function jobEnd(id: string, endsS: number): Told {
  const data = { run: { id: `run-${id}` }, job: { id }, status: 'done' };
  return { type: 'job.finished', atMs: EPOCH_MS + endsS * 1000, data };
}

function runEnd(id: string, endsS: number): Told {
  return {
    type: 'run.finished',
    atMs: EPOCH_MS + endsS * 1000,
    data: { run: { id: `run-${id}` }, status: 'done' },
  };
}

export function linesOf(told: readonly Told[]): string[] {
  return told.map((one) => encodeEvent(tell(one)));
}

/** Jobs that began a second after each other; every third has ended after 50 s. */
export function fleet(jobs: number): string[] {
  return linesOf(
    Array.from({ length: jobs }, (_, n) => jobLife(`job-${n}`, n, n % 3 === 0 ? n + 50 : undefined)).flat(),
  );
}
