/** Short ways to write the lines of hand-made histories. */
const START_MS = Date.UTC(2026, 10, 24, 8);

export function at(seconds: number): number {
  return START_MS + seconds * 1000;
}

export interface Extras {
  readonly id?: string;
  readonly recordedtime?: string;
  readonly source?: string;
}

let counter = 0;

/** A line of NDJSON; each has an id of its own unless given. */
export function line(type: string, seconds: number, data: object, extras: Extras = {}): string {
  return JSON.stringify({
    specversion: '1.0',
    id: `n${counter++}`,
    source: '/s',
    type: `fleetmeter.${type}.v1`,
    time: new Date(at(seconds)).toISOString(),
    ...extras,
    data,
  });
}

export function started(id: string, seconds: number, more: object = {}): string {
  return line('instance.started', seconds, { project: 'p', instance: { id, name: id }, ...more });
}
export function instanceStatus(id: string, seconds: number, status: string, extras?: Extras): string {
  return line('instance.status_changed', seconds, { instance: { id }, status }, extras);
}
export function terminated(id: string, seconds: number): string {
  return line('instance.terminated', seconds, { instance: { id } });
}

/** A running job of run `r` on instance `i`: submitted and provisioned, one line each. */
export function job(id: string, seconds: number, placed: object = {}, more: object = {}): string[] {
  const run = { id: 'r', name: 'train', type: 'task' };
  const gpu = { name: 'H100', count: 8, memory_bytes: 80e9 };
  return [
    line('job.submitted', seconds, {
      project: 'p',
      user: 'u',
      run,
      job: { id, name: id, num: 0, replica_num: 0 },
    }),
    line('job.provisioned', seconds, {
      run: { id: 'r' },
      job: { id },
      instance: { id: 'i', backend: 'aws', ...placed },
      resources: { cpus: 1, memory_bytes: 1, gpu },
      price: { dollars_per_hour: 98.32 },
      ...more,
    }),
  ];
}
export function jobFinished(id: string, seconds: number): string {
  return line('job.finished', seconds, { run: { id: 'r' }, job: { id }, status: 'done' });
}

export function gpuSampled(
  target: object,
  seconds: number,
  uuids: readonly string[],
  exporter = 'dcgm',
): string {
  return line('gpu.sampled', seconds, {
    ...target,
    exporter,
    families: { DCGM_FI_DEV_FB_USED: { type: 'gauge', help: 'h' } },
    series: uuids.map((UUID) => ({ labels: { UUID }, values: { DCGM_FI_DEV_FB_USED: seconds } })),
  });
}
