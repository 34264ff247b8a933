import type { EntityId, TelemetryEvent } from '../../events/event';
import { compareOrder } from '../../events/order';
import type { OrderKey } from '../../events/order';
import type { GpuSampled, JobSampled } from '../../events/sample';
import { entityKey, keyText } from './fact';

/**
 * The latest sample of a target and kind: a job's usage, or what one exporter says about a job's or an
 * instance's GPUs.
 */
export interface Sample extends OrderKey {
  readonly target: EntityId;
  readonly reading: Reading;
}

export type Reading =
  | { readonly kind: 'usage'; readonly usage: JobSampled }
  | { readonly kind: 'gpu'; readonly exporter: string; readonly gpu: GpuSampled };

export function sampleOf(event: TelemetryEvent): Sample {
  const { about: target, timeMs, sequence, source, id } = event;
  return { timeMs, sequence, rank: -1, source, id, target, reading: readingOf(event) };
}

function readingOf({ type, data }: TelemetryEvent): Reading {
  if (type === 'fleetmeter.job.sampled.v1') return { kind: 'usage', usage: data };
  return { kind: 'gpu', exporter: data.exporter, gpu: data };
}

/** Names a target and kind: samples of the same key replace each other, the latest counts. */
export function sampleKey(sample: Sample): string {
  const kind = sample.reading.kind === 'usage' ? 'usage' : `gpu:${keyText(sample.reading.exporter)}`;
  return keyOf(entityKey(sample.target), kind);
}

/** The key of the usage sample of a job, by its entity key. */
export function usageSampleKey(target: string): string {
  return keyOf(target, 'usage');
}

function keyOf(target: string, kind: string): string {
  return `${String(target.length)}:${target}:${kind}`;
}

export function isLater(sample: Sample, than: Sample): boolean {
  return compareOrder(sample, than) > 0;
}

/** A sample counts until page time is past its event's time by more than this. */
export function isYoung(sample: Sample, pageTimeMs: number, sampleTtlMs: number): boolean {
  return pageTimeMs - sample.timeMs <= sampleTtlMs;
}

/** The first page time at which it is young no more. */
export function expiryMs(sample: Sample, sampleTtlMs: number): number {
  return sample.timeMs + sampleTtlMs + 1;
}
