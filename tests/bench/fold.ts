import { decodeEvent, encodeEvent } from '../../events/codec';
import { history } from '../../services/demo/history';
import { openHistory } from '../../services/history/file-fold';
import { report } from './figure';

const EVENTS = 100_000;
const ROUNDS = 11;
const SETTINGS = { latenessMs: 86_400_000, dedupeMs: 30 * 86_400_000, sampleTtlMs: 600_000, asOfMs: null };

/**
 * Of the simulated fleet's lifecycle from its bytes, as a multiple of the CPU time that JSON.parse takes of
 * the same bytes.
 */
export function run(): Promise<void> {
  const options = { seed: 1, events: EVENTS, endMs: Date.UTC(2026, 10, 24, 8), telemetry: false };
  const lines = Array.from(history(options), (event) => Buffer.from(encodeEvent(event)));
  const parse = (): void => lines.forEach((line) => void (JSON.parse(line.toString()) as unknown));
  const decode = (): void => lines.forEach((line) => void decodeEvent(line));
  const fold = (): void => {
    const open = openHistory(SETTINGS, 8);
    for (const line of lines) open.take(line);
    open.finish();
  };
  for (const work of [parse, decode, fold]) work();
  const decoded: number[] = [];
  const folded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const peer = cpuMs(parse);
    decoded.push(cpuMs(decode) / peer);
    folded.push(cpuMs(fold) / peer);
  }
  const of = { bench: 'fold', unit: '× JSON.parse' };
  report({ ...of, figure: 'decode', goal: { atMost: 1.5 }, rounds: decoded });
  report({ ...of, figure: 'decode and fold', goal: { atMost: 2.5 }, rounds: folded });
  return Promise.resolve();
}

/** Of this process: what else the machine does counts less than in time that has passed. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
