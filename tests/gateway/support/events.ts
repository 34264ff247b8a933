import { EXAMPLES } from '../../../events/examples';

export const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
export const BATCHED = { 'content-type': 'application/cloudevents-batch+json' };
export const NDJSON = { 'content-type': 'application/x-ndjson' };

export type EventJson = Record<string, unknown>;

/** A valid event, of its own id. */
export function goodEvent(id: string): EventJson {
  return { ...EXAMPLES['fleetmeter.run.status_changed.v1'], id };
}

export function gpuEvent(id: string, exporter = 'dcgm'): EventJson {
  const example = EXAMPLES['fleetmeter.gpu.sampled.v1'];
  return { ...example, id, data: { ...(example['data'] as EventJson), exporter } };
}

/** The same event in binary mode: headers, and data as the body. */
export function binaryOf(event: EventJson): { headers: Record<string, string>; body: string } {
  const { data, ...attributes } = event;
  const headers = Object.entries(attributes).map(([name, value]) => [
    `ce-${name}`,
    encodeURIComponent(String(value)),
  ]);
  return {
    headers: {
      'content-type': 'application/json',
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body: data === undefined ? '' : JSON.stringify(data),
  };
}
