/** Short ways to say what happened, for tests that go step by step. */
import { decodeParsed } from '../../events/codec';
import { isTelemetry, type FleetEvent, type LifecycleEvent, type TelemetryEvent } from '../../events/event';

export interface Told {
  /** `instance.started` and so on. */
  readonly type: string;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the envelope; without `id`, each event has one of its own. */
  readonly id?: string;
  readonly source?: string;
  readonly sequence?: string;
  readonly recordedtime?: string;
}

let count = 0;

export function tell({
  type,
  atMs,
  data,
  id = `told-${count++}`,
  source = '/told',
  ...envelope
}: Told): FleetEvent {
  const time = new Date(atMs).toISOString();
  const decoded = decodeParsed({
    specversion: '1.0',
    type: `fleetmeter.${type}.v1`,
    id,
    source,
    time,
    ...envelope,
    data,
  });
  if (!decoded.ok) throw new Error(decoded.refusal.detail);
  return decoded.event;
}

export function tellLifecycle(told: Told): LifecycleEvent {
  const event = tell(told);
  if (isTelemetry(event)) throw new Error(`${told.type} is telemetry`);
  return event;
}

export function tellTelemetry(told: Told): TelemetryEvent {
  const event = tell(told);
  if (!isTelemetry(event)) throw new Error(`${told.type} is no telemetry`);
  return event;
}

export const GPU = { name: 'H100', count: 2, memory_bytes: 80e9 };
export const RESOURCES = { cpus: 8, memory_bytes: 1024, gpu: GPU };

export function instanceStarted(id: string, more: Record<string, unknown> = {}): Pick<Told, 'type' | 'data'> {
  return {
    type: 'instance.started',
    data: { project: 'p', instance: { id, name: `name of ${id}` }, ...more },
  };
}
export function runSubmitted(id: string, more: Record<string, unknown> = {}): Pick<Told, 'type' | 'data'> {
  const run = { id, name: `name of ${id}`, type: 'task' };
  return { type: 'run.submitted', data: { project: 'p', user: 'u', run, ...more } };
}
export function jobSubmitted(id: string, more: Record<string, unknown> = {}): Pick<Told, 'type' | 'data'> {
  const job = { id, name: `name of ${id}`, num: 0, replica_num: 0 };
  return { type: 'job.submitted', data: { ...runSubmitted('r').data, job, ...more } };
}
export function jobProvisioned(
  id: string,
  instance: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Pick<Told, 'type' | 'data'> {
  const data = { run: { id: 'r' }, job: { id }, resources: RESOURCES, price: { dollars_per_hour: 3.6 } };
  return { type: 'job.provisioned', data: { ...data, instance: { backend: 'aws', ...instance }, ...more } };
}
