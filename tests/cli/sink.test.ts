/** What `publish` makes of a gateway's answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXIT } from '../../services/cli/exit';
import { readSettings } from '../../services/cli/settings';
import { openSink, type Sink } from '../../services/cli/sink';

type Answer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

let answers: Answer[];
let requests: { headers: IncomingMessage['headers']; body: string }[];
let sink: Sink;
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    requests.push({ headers: request.headers, body });
    const [status, answer, headers] = answers.shift() ?? [500, 'no answer is left'];
    response.writeHead(status, headers).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  answers = [];
  requests = [];
  const { port } = server.address() as AddressInfo;
  const env = { FLEETMETER_LISTEN: `0.0.0.0:${String(port)}`, FLEETMETER_INGEST_TOKEN: 'sesame' };
  const read = readSettings(env, 'log');
  if (!read.ok) throw new Error(read.mistakes.join());
  sink = await openSink(read.settings);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const NOW = { 'retry-after': '0' };

test('events go as lines, with the token, to this machine where the server listens on any address', async () => {
  answers = [[202, { accepted: 2, rejected: [] }]];
  expect(await sink.send(['{"a":1}', '{"b":"é"}'])).toEqual({ accepted: 2, rejected: [] });
  expect(requests).toMatchObject([
    {
      body: '{"a":1}\n{"b":"é"}',
      headers: { authorization: 'Bearer sesame', 'content-type': 'application/x-ndjson' },
    },
  ]);
});

test.each([202, 400])('of a %i it says which were refused', async (status) => {
  const rejected = [{ index: 1, id: 'x', reason: 'invalid_data', detail: 'data: none' }];
  answers = [[status, { accepted: status === 202 ? 1 : 0, rejected }]];
  expect((await sink.send(['a', 'b'])).rejected).toEqual([
    { index: 1, reason: 'invalid_data', detail: 'data: none' },
  ]);
});

test('a gateway that is busy is asked again, with the same events', async () => {
  answers = [
    [429, {}, NOW],
    [503, {}, NOW],
    [202, { accepted: 1, rejected: [] }],
  ];
  expect(await sink.send(['a'])).toEqual({ accepted: 1, rejected: [] });
  expect(requests.map(({ body }) => body)).toEqual(['a', 'a', 'a']);
});

test('one that stays busy is away', async () => {
  answers = Array.from({ length: 100 }, () => [503, { detail: 'no disk' }, NOW]);
  await expect(sink.send(['a'])).rejects.toMatchObject({
    code: EXIT.away,
    message: expect.stringMatching(/503.*no disk/) as string,
  });
  expect(requests.length).toBeGreaterThan(1);
  expect(answers.length).toBeGreaterThan(0);
});

test('another answer ends it', async () => {
  answers = [[413, 'too much '.repeat(1000)]];
  const failure: unknown = await sink.send(['a']).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: EXIT.no,
    message: expect.stringContaining('answered 413') as string,
  });
  expect((failure as Error).message.length).toBeLessThan(500);
});
