import { STRUCTURED, goodEvent } from './support/events';
import { malformed } from './support/malformed';
import { startGateway, type TestGateway } from './support/server';

let gateway: TestGateway;
beforeAll(async () => (gateway = await startGateway()));
afterAll(() => gateway.close());

test('more than 1,000 malformed requests each get their reason, and the good event after each counts', async () => {
  const requests = malformed();
  expect(requests.length).toBeGreaterThan(1000);
  const wrong: object[] = [];
  const reasons = new Map<string, number>();
  for (const [i, { name, body, headers, status, reason }] of requests.entries()) {
    const answer = await gateway.post('/v1/events', body, headers);
    const { detail = '', rejected = [] } = answer.body;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const asExpected =
      answer.status === status &&
      answer.body.reason === reason &&
      // One line, that quotes little of what may be long.
      /^[^\p{Cc}]{10,400}$/u.test(detail) &&
      (status !== 400 || reason === 'invalid_encoding' || rejected.every((it) => it.reason === reason)) &&
      (status !== 400 || reason === 'invalid_encoding' || rejected.length > 0);
    if (!asExpected) wrong.push({ name, expected: [status, reason], answer: [answer.status, answer.body] });
    const good = await gateway.post('/v1/events', JSON.stringify(goodEvent(`good-${i}`)), STRUCTURED);
    if (good.status !== 202) wrong.push({ after: name, good });
  }
  expect(wrong).toEqual([]);
  expect(gateway.log.events().map(({ id }) => id)).toEqual(requests.map((_, i) => `good-${i}`));
  expect(gateway.counts.get('accepted')).toBe(requests.length);
  for (const reason of [
    'invalid_json',
    'invalid_envelope',
    'invalid_data',
    'unknown_type',
    'from_the_future',
    'too_large',
  ]) {
    expect(reasons.get(reason)).toBeGreaterThan(3);
  }
  // At debug each answer is a line; there is nothing else to say.
  expect(gateway.logged.filter((line) => !line.includes('"level":20'))).toEqual([]);
}, 60_000);
