/** Lines that are no events, or hardly: a good event with one thing changed, which may still be good. */
import { type Random } from './history-random';

const GARBAGE = [
  '{',
  '[]',
  'null',
  '"text"',
  '7',
  '{"a":1}x',
  '{"specversion":"1.0"}',
  'NaN',
  "{'a':1}",
  '\ufeff{}',
];
/** Raw JSON, since not all of it can be made from a value. */
const JUNK = [
  'null',
  '""',
  '"x"',
  '"done"',
  '"pending"',
  '"running"',
  '"instance"',
  '0',
  '-0.0',
  '1',
  '8.0',
  '-1',
  '1.5',
  '1E2',
  '1000000',
  '1000000.1',
  '1e400',
  '-1e400',
  '12345678901234567890',
  'true',
  'false',
  '[]',
  '[null]',
  '["x",1]',
  '{}',
  '{"id":"x"}',
  '"\\ud800"',
  JSON.stringify('x'.repeat(128)),
  JSON.stringify('x'.repeat(129)),
  JSON.stringify('😀'.repeat(64)),
  JSON.stringify('😀'.repeat(65)),
  JSON.stringify('x'.repeat(1025)),
  JSON.stringify('é'.repeat(512)),
  JSON.stringify('é'.repeat(513)),
  'NaN',
];
const TIMES = [
  '2026-11-24T08:00:60Z',
  '2026-11-24T08:00:61Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T08:60:00Z',
  '2026-11-31T08:00:00Z',
  '2026-02-29T08:00:00Z',
  '2024-02-29T08:00:00.123456789Z',
  '2026-11-24T08:00:00.1234567890Z',
  '2026-11-24T08:00:00.Z',
  '2026-11-24T08:00:00',
  '2026-11-24 08:00:00Z',
  '2026-11-24T08:00:00+24:00',
  '2026-11-24T08:00:00-23:59',
  '2026-11-24T08:00:00+0100',
  '2026-11-24T08:00Z',
  '0000-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  '2026-11-24T08:00:00Z ',
  '２026-11-24T08:00:00Z',
  '',
];
const TYPES = [
  'fleetmeter.job.started.v1',
  'fleetmeter.job.submitted.v2',
  'fleetmeter.run.submitted.v1',
  'fleetmeter.gpu.sampled.v1',
  'FLEETMETER.job.submitted.v1',
  'fleetmeter.__proto__.v1',
  'io.example.other',
  '',
];
const STATUSES = [
  'pending',
  'submitted',
  'provisioning',
  'running',
  'idle',
  'done',
  'aborted',
  'terminated',
  '',
];
const ATTRIBUTES = ['subject', 'partitionkey', 'source', 'traceparent', 'data_base64'];
const HOLE = 'a hole for raw JSON';

/** One such line, made from an event's JSON. `freshId`: an id of its own, as no two events may share one. */
export function malformedLine(random: Random, event: { readonly data: object }, freshId: string): string {
  if (random.chance(0.08)) return random.pick(GARBAGE);
  const copy = { ...structuredClone(event), id: freshId };
  if (random.chance(0.15)) return withMember(copy, 'time', JSON.stringify(random.pick(TIMES)));
  if (random.chance(0.05)) return withMember(copy, 'recordedtime', JSON.stringify(random.pick(TIMES)));
  if (random.chance(0.1)) return withMember(copy, 'type', JSON.stringify(random.pick(TYPES)));
  if (random.chance(0.005)) return withMember(copy, 'padding', JSON.stringify('x'.repeat(1_000_000)));
  if (random.chance(0.1)) {
    Object.assign(copy.data, { status: random.pick(STATUSES) });
    return JSON.stringify(copy);
  }
  if (random.chance(0.05)) return withMember(copy, random.pick(ATTRIBUTES), random.pick(JUNK));
  if (random.chance(0.1)) return inBase64(random, copy);
  const places = placesIn(copy, true);
  if (places.length === 0) return random.pick(GARBAGE);
  const place = random.pick(places);
  if (random.chance(0.25)) {
    Reflect.deleteProperty(place.parent, place.name);
    return JSON.stringify(copy);
  }
  return withMember(copy, place.name, random.pick(JUNK), place.parent);
}

/** Its data as bytes, which are there and right but now and then. */
function inBase64(random: Random, { data, ...attributes }: { readonly data: object }): string {
  const json = random.pick([JSON.stringify(data), JSON.stringify(data), JSON.stringify(data).slice(1)]);
  const base64 = Buffer.from(json).toString('base64');
  const cut = random.chance(0.2) ? base64.slice(0, -1) : base64;
  return JSON.stringify({ ...attributes, data_base64: cut, ...(random.chance(0.1) ? { data } : {}) });
}

function withMember(root: object, name: string, json: string, parent = root): string {
  Object.defineProperty(parent, name, { value: HOLE, enumerable: true, configurable: true, writable: true });
  return JSON.stringify(root).replace(JSON.stringify(HOLE), () => json);
}

interface Place {
  readonly parent: object;
  readonly name: string;
}

/** Every member of every object and list in it, but for the envelope's id. */
function placesIn(value: unknown, top: boolean): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value;
  return Object.entries(parent).flatMap(([name, member]) => [
    ...(top && name === 'id' ? [] : [{ parent, name }]),
    ...placesIn(member, false),
  ]);
}
