import fc from 'fast-check';
import { decodeParsed } from '../../events/codec';
import { EVENT_TYPES, isTelemetry, type FleetEvent } from '../../events/event';
import { EXAMPLES } from '../../events/examples';
import { murmur2, partitionOf, routeOf, subjectOf, TOPIC_NAMES } from '../../events/routing';

function event(value: unknown): FleetEvent {
  const decoded = decodeParsed(value);
  if (!decoded.ok) throw new Error(decoded.refusal.detail);
  return decoded.event;
}

/** Kafka's own: clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2. */
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s', (text, expected) => {
  expect(murmur2(Buffer.from(text))).toBe(expected);
});

test('a key has the partition that the Java client chooses', () => {
  expect(partitionOf('21', 8)).toBe((-973932308 & 0x7fffffff) % 8);
  expect(partitionOf('21', 7)).toBe(3);
  expect(partitionOf('abc', 8)).toBe(479470107 % 8);
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (key, partitions) => {
      const partition = partitionOf(key, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
    }),
  );
});

test('keys are hashed as UTF-8, a lone surrogate as U+FFFD', () => {
  expect(partitionOf('é', 1000)).toBe((murmur2(Buffer.from([0xc3, 0xa9])) & 0x7fffffff) % 1000);
  expect(partitionOf('\ud800', 1000)).toBe(partitionOf('\ufffd', 1000));
});

test.each(EVENT_TYPES)('%s goes where its example says', (type) => {
  const example = event(EXAMPLES[type]);
  const telemetry = type.endsWith('.sampled.v1');
  expect(isTelemetry(example)).toBe(telemetry);
  expect(routeOf(example)).toEqual({
    topic: telemetry ? 'telemetry' : 'lifecycle',
    key: EXAMPLES[type]['partitionkey'],
  });
  expect(subjectOf(example)).toBe(EXAMPLES[type]['subject']);
});

test("a GPU sample with a job is the job's, and goes by its run", () => {
  const example = EXAMPLES['fleetmeter.gpu.sampled.v1'];
  const data = { ...(example['data'] as object), job: { id: 'j' }, run: { id: 'r' } };
  const sample = event({ ...example, data });
  expect(routeOf(sample)).toEqual({ topic: 'telemetry', key: 'r' });
  expect(subjectOf(sample)).toBe('j');
});

test('topics', () => {
  expect(TOPIC_NAMES).toEqual({
    lifecycle: 'fleetmeter.lifecycle',
    telemetry: 'fleetmeter.telemetry',
    'dead-letter': 'fleetmeter.dead-letter',
  });
});
