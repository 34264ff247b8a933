import RequestQueue from 'kafkajs/src/network/requestQueue';

const LEAST_WAIT_MS = 10;

/**
 * Lets kafkajs' connections sleep while nothing is waiting to be sent. As released (2.2.4), each of them
 * checks every millisecond, for ever, after a timer with a negative delay, about which Node 24 warns on every
 * command's stderr: kafkajs issues 1704 and 1751, open since 2024. Requests wait only while a broker
 * throttles us or too many are in flight, and the end of one in flight checks anyway.
 */
export function quietRequestQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests() {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(LEAST_WAIT_MS, this.throttledUntil - Date.now()),
    );
  };
}
