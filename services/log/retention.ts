/** How long telemetry is kept: the latest sample of each kind is all that counts. */
export interface TelemetryRetention {
  readonly ageMs: number;
  /** Of the embedded log's telemetry as a whole, of each partition of Kafka's topic; undefined: what the log does by itself. */
  readonly bytes: number | undefined;
}
