/** Dead letters are kept for 30 days. */
export const DEAD_LETTERS_MS = 30 * 24 * 60 * 60 * 1000;

/** How long telemetry is kept: only the latest sample of each kind counts. */
export interface TelemetryRetention {
  readonly ageMs: number;
  /**
   * Of the embedded log's telemetry as a whole, or of each partition of Kafka's topic; undefined: whatever
   * the log is set to.
   */
  readonly bytes: number | undefined;
}
