import RequestQueue from 'kafkajs/src/network/requestQueue';
import { quietRequestQueues } from '../../../services/log/kafka/request-queue';

const sent: number[] = [];
let queue: RequestQueue;

beforeAll(quietRequestQueues);
beforeEach(() => {
  jest.useFakeTimers();
  sent.length = 0;
  queue = new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 30_000,
    clientId: 'test',
    broker: 'localhost:9092',
    logger: { debug: () => undefined },
  });
});
afterEach(() => jest.useRealTimers());

function push(correlationId: number): void {
  queue.push({
    entry: {
      correlationId,
      apiKey: 3,
      apiName: 'Metadata',
      apiVersion: 1,
      resolve: () => undefined,
      reject: () => undefined,
    },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId),
  });
}

function answer(correlationId: number): void {
  queue.fulfillRequest({ correlationId, size: 0, payload: Buffer.alloc(0) });
}

test('a connection with nothing to send sets no timer', () => {
  push(1);
  answer(1);
  expect(sent).toEqual([1]);
  expect(jest.getTimerCount()).toBe(0);
});

test('what waits for one in flight is sent when that one is answered', () => {
  push(1);
  push(2);
  expect(sent).toEqual([1]);
  answer(1);
  expect(sent).toEqual([1, 2]);
  answer(2);
  jest.runOnlyPendingTimers();
  expect(jest.getTimerCount()).toBe(0);
});

test('what a broker throttles is sent when that is over', () => {
  queue.maybeThrottle(500);
  push(1);
  jest.advanceTimersByTime(499);
  expect(sent).toEqual([]);
  jest.advanceTimersByTime(12);
  expect(sent).toEqual([1]);
});
