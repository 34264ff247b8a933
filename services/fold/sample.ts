import type { TelemetryEvent } from '../../events/event';
import { compareOrder } from '../../events/order';
import type { OrderKey } from '../../events/order';
import type { GpuSampled, JobSampled } from '../../events/sample';
import { entityKey, keyText } from './fact';
import type { EntityId } from './fact';

/** The latest sample of a target and kind: a job's usage, or what one exporter says of a job's or an instance's GPUs. */
export interface Sample extends OrderKey {
  readonly target: EntityId;
  readonly reading: Reading;
}

export type Reading =
  | { readonly kind: 'usage'; readonly usage: JobSampled }
  | { readonly kind: 'gpu'; readonly exporter: string; readonly gpu: GpuSampled };

export function sampleOf(event: TelemetryEvent): Sample {
  const order = {
    timeMs: event.timeMs,
    ...(event.sequence === undefined ? {} : { sequence: event.sequence }),
    rank: -1,
    source: event.source,
    id: event.id,
  };
  if (event.type === 'fleetmeter.job.sampled.v1') {
    const { run, job } = event.data;
    const target = { kind: 'job' as const, runId: run.id, jobId: job.id };
    return { ...order, target, reading: { kind: 'usage', usage: event.data } };
  }
  const { exporter } = event.data;
  return { ...order, target: targetOf(event.data), reading: { kind: 'gpu', exporter, gpu: event.data } };
}

function targetOf(data: GpuSampled): EntityId {
  if (data.job == null) return { kind: 'instance', instanceId: data.instance.id };
  return { kind: 'job', runId: data.run.id, jobId: data.job.id };
}

/** Names a target and kind: samples of the same key replace each other, the latest counts. */
export function sampleKey(sample: Sample): string {
  const kind = sample.reading.kind === 'usage' ? 'usage' : `gpu:${keyText(sample.reading.exporter)}`;
  const target = entityKey(sample.target);
  return `${String(target.length)}:${target}:${kind}`;
}

export function isLater(sample: Sample, than: Sample): boolean {
  return compareOrder(sample, than) > 0;
}

/** A sample counts while it is no older than page time by more than this, by its event's time alone. */
export function isYoung(sample: Sample, pageTimeMs: number, sampleTtlMs: number): boolean {
  return pageTimeMs - sample.timeMs <= sampleTtlMs;
}
