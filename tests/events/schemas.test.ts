import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { EVENT_TYPES, type EventType } from '../../events/event';
import { EXAMPLES } from '../../events/examples';
import { jsonSchemas } from '../../events/schemas';
import { mutatedEvents } from './mutations';

const folder = join(__dirname, '../../docs/reference/schemas');
const ajv = new Ajv({ formats: { 'date-time': true } });
const published = new Map([...jsonSchemas()].map(([type, schema]) => [type, ajv.compile(schema as object)]));

test('the published files are what the declarations say (else: npm run schemas)', () => {
  expect(readdirSync(folder).sort()).toEqual(EVENT_TYPES.map((type) => `${type}.json`).sort());
  for (const [type, schema] of jsonSchemas()) {
    expect(JSON.parse(readFileSync(join(folder, `${type}.json`), 'utf8'))).toEqual(schema);
  }
});

test.each(EVENT_TYPES)('%s: the example is valid for its schema, and for no other', (type) => {
  const valid = [...published].filter(([, validate]) => validate(EXAMPLES[type])).map(([each]) => each);
  expect(valid).toEqual([type]);
});

test('what the codec takes, the schema of its type takes', () => {
  let taken = 0;
  fc.assert(
    fc.property(mutatedEvents, (json) => {
      if (!decodeEvent(Buffer.from(json)).ok) return;
      taken++;
      const event = JSON.parse(json) as { type: EventType };
      const validate = published.get(event.type)!;
      expect([validate(event), validate.errors]).toEqual([true, null]);
    }),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(100);
});

test.each([
  ['a price below 0', 'fleetmeter.job.price_changed.v1', 'dollars_per_hour":91.5', 'dollars_per_hour":-3'],
  ['a status that is none', 'fleetmeter.run.finished.v1', '"done"', '"running"'],
  ['an empty id', 'fleetmeter.run.finished.v1', '"id":"r-b02a"', '"id":""'],
  ['no id', 'fleetmeter.run.finished.v1', '"id":"r-b02a"', '"no":1'],
  ['a label that is no text', 'fleetmeter.gpu.sampled.v1', '"gpu":"0"', '"gpu":0'],
  ['half a block', 'fleetmeter.job.provisioned.v1', '"used":2', '"used":0.5'],
] as const)('%s is refused by the published schema', (_, type, from, to) => {
  const json = JSON.stringify(EXAMPLES[type]);
  expect(json).toContain(from);
  expect(published.get(type)!(JSON.parse(json.replace(from, to)))).toBe(false);
});
