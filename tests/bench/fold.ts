import { decodeEvent, encodeEvent } from '../../events/codec';
import { history } from '../../services/demo/history';
import { openHistory } from '../../services/history/fold';
import { measure } from './measure';

const EVENTS = 100_000;
const SETTINGS = { latenessMs: 86_400_000, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000, asOfMs: null };

/** One operation is an event of the simulated fleet's lifecycle, from its bytes. */
export async function run(): Promise<void> {
  const options = { seed: 1, events: EVENTS, endMs: Date.UTC(2026, 10, 24, 8), telemetry: false };
  const lines = [...history(options)].map((event) => Buffer.from(encodeEvent(event)));
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  await measure(
    `${lines.length} events of ${Math.round(bytes / lines.length)} bytes`,
    EVENTS,
    [
      ['JSON.parse alone', () => lines.forEach((line) => void (JSON.parse(line.toString()) as unknown))],
      ['decodeEvent', () => lines.forEach((line) => void decodeEvent(line))],
      [
        'decode and fold',
        () => {
          const fold = openHistory(SETTINGS, 8);
          for (const line of lines) fold.take(line);
          fold.finish();
        },
      ],
    ],
    5,
  );
}
