import RequestQueue from 'kafkajs/src/network/requestQueue';

const LEAST_WAIT_MS = 10;

/**
 * Lets kafkajs' connections sleep while nothing waits to be sent. As it is (2.2.4), each of them looks every millisecond, for ever,
 * after a timer whose time is negative, of which Node 24 warns on every command's stderr: kafkajs issues 1704 and 1751, open since 2024.
 * Requests wait only while a broker throttles us or too many are in flight, and the end of one in flight looks by itself.
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
