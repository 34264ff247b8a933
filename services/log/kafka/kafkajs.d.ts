/** The part of kafkajs' insides that request-queue.ts mends: src/network/requestQueue/index.js of 2.2.4. */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    constructor(options: {
      readonly maxInFlightRequests: number;
      readonly requestTimeout: number;
      readonly clientId: string;
      readonly broker: string;
      readonly logger: { debug(): void };
    });
    push(request: {
      readonly entry: {
        readonly correlationId: number;
        readonly apiKey: number;
        readonly apiName: string;
        readonly apiVersion: number;
        resolve(): void;
        reject(): void;
      };
      readonly expectResponse: boolean;
      sendRequest(): void;
    }): void;
    fulfillRequest(answer: {
      readonly correlationId: number;
      readonly size: number;
      readonly payload: Buffer;
    }): void;
    maybeThrottle(ms: number): void;
    readonly pending: readonly unknown[];
    /** Milliseconds since the epoch; -1 where the broker never asked for it. */
    readonly throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}
