/**
 * CloudEvents 1.0.2, HTTP protocol binding: which mode a request is in, and what its headers say in binary
 * mode.
 */
import { BATCHED, STRUCTURED, binaryOf, goodEvent } from './support/events';
import { startGateway, type TestGateway } from './support/server';

let gateway: TestGateway;
beforeAll(async () => (gateway = await startGateway()));
afterAll(() => gateway.close());

const PATH = '/v1/events';

describe('content modes (3)', () => {
  const event = goodEvent('mode');
  const { headers: binaryHeaders, body: data } = binaryOf(event);
  const { 'content-type': _, ...attributes } = binaryHeaders;
  const [json, list] = [JSON.stringify(event), JSON.stringify([event])];

  test.each<[string, string, Record<string, string>, number]>([
    ['application/cloudevents+json', json, {}, 202],
    ['application/cloudevents+json; charset=UTF-8', json, {}, 202],
    ['Application/CloudEvents+JSON;charset="utf-8"', json, {}, 202],
    ['application/cloudevents+json', json, attributes, 202],
    ['application/cloudevents+json', list, {}, 400],
    ['application/cloudevents-batch+json', list, {}, 202],
    ['APPLICATION/cloudevents-batch+json; charset=utf-8', list, {}, 202],
    ['application/cloudevents-batch+json', json, {}, 400],
    ['application/json', data, attributes, 202],
    ['application/json; charset=utf-8', data, attributes, 202],
    ['application/vnd.ours+json', data, attributes, 202],
    ['text/json', data, attributes, 202],
    ['application/json', json, {}, 400],
    ['application/cloudevents+avro', json, {}, 415],
    ['application/cloudevents+xml', data, attributes, 415],
    ['application/cloudevents-batch+avro', list, {}, 415],
    ['application/cloudevents', json, {}, 415],
    ['application/cloudevents+json; charset=utf-16', json, {}, 415],
    ['application/xml', data, attributes, 415],
  ])('%s', async (contentType, body, headers, status) => {
    const answer = await gateway.post(PATH, body, { ...headers, 'content-type': contentType });
    expect(answer.status).toBe(status);
    if (status === 202) expect(answer.body).toEqual({ accepted: 1, rejected: [] });
  });

  test('in structured mode the headers are not looked at: all attributes are in the body', async () => {
    const headers = { ...STRUCTURED, 'ce-id': 'other', 'ce-specversion': '0.3', 'ce-type': '%zz' };
    expect((await gateway.post(PATH, json, headers)).body).toEqual({ accepted: 1, rejected: [] });
    expect(gateway.log.events().at(-1)).toEqual(event);
  });

  test('in binary mode header names are of any case, and content-type is the datacontenttype', async () => {
    const upper = Object.entries(attributes).map(([name, value]) => [name.toUpperCase(), value]);
    const headers = {
      'Content-Type': 'application/json; charset=utf-8',
      ...(Object.fromEntries(upper) as object),
    };
    expect((await gateway.post(PATH, data, headers)).status).toBe(202);
    expect(gateway.log.events().at(-1)).toMatchObject({
      id: 'mode',
      datacontenttype: 'application/json; charset=utf-8',
      data: event['data'],
    });
    const twice = { ...binaryHeaders, 'ce-datacontenttype': 'application/json' };
    expect((await gateway.post(PATH, data, twice)).body).toMatchObject({ reason: 'invalid_envelope' });
  });

  test('data in base64 is read in structured and in batched mode', async () => {
    const { data: ofEvent, ...rest } = event;
    const coded = { ...rest, data_base64: Buffer.from(JSON.stringify(ofEvent)).toString('base64') };
    expect((await gateway.post(PATH, JSON.stringify(coded), STRUCTURED)).status).toBe(202);
    expect((await gateway.post(PATH, JSON.stringify([coded]), BATCHED)).status).toBe(202);
    expect(gateway.log.events().slice(-2)).toEqual([coded, coded]);
    const asHeader = { ...binaryHeaders, 'ce-data_base64': 'e30=' };
    expect((await gateway.post(PATH, data, asHeader)).body).toMatchObject({ reason: 'invalid_envelope' });
  });
});

describe('header values (3.1.3.2)', () => {
  /** What is read of `ce-id`: the id of an event of a type that is not known here is answered. */
  async function read(value: string): Promise<unknown> {
    const { headers, body } = binaryOf({ ...goodEvent('x'), type: 'com.example.someevent' });
    const { body: answer } = await gateway.post(PATH, body, { ...headers, 'ce-id': value });
    const { reason, rejected } = answer as { reason: string; rejected: { id?: string }[] };
    return reason === 'unknown_type' ? rejected[0]?.id : reason;
  }

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['Euro%20%e2%82%ac%20%f0%9f%98%80', 'Euro € 😀'],
    ['%45%75ro', 'Euro'],
    ['a"b', 'a"b'],
    ['100%25', '100%'],
    ['%2541', '%41'],
    ['"Euro %E2%82%AC"', 'Euro €'],
    ['"a \\"quoted\\" \\\\ b"', 'a "quoted" \\ b'],
    ['"100%25"', '100%'],
    ['"%22"', '"'],
    ['  padded\t', 'padded'],
    ['(no comment)', '(no comment)'],
  ])('%s is %s', async (value, text) => {
    expect(await read(value)).toBe(text);
  });

  test.each(['%C0%A0', '%E2%82', '%ED%A0%80', '%FF', '%', '%4', '%zz', 'a%0Ab', '%00', '%7F', '%C2%85'])(
    '%s is refused',
    async (value) => {
      expect(await read(value)).toBe('invalid_envelope');
    },
  );
});
