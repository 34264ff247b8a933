/**
 * Millions of mutated inputs for the reader and the gateway: no crash, no input that takes a second of
 * processor time, no growth of memory. One in a thousand goes through a real gateway's socket. `INPUTS=`
 * (10,000,000), `SEED=` and `SECONDS=`, which ends it earlier; it prints the seed to go on from.
 */
import { fuzzInput, tryInput } from '../exposition/fuzz';
import { startGateway } from '../gateway/support/server';

const CHUNK = 100_000;
const MOST_MS = 1000;
const MOST_GROWTH_BYTES = 256 * 1024 * 1024;

export async function run(): Promise<void> {
  const first = Number(process.env['SEED'] ?? 1);
  const inputs = Number(process.env['INPUTS'] ?? 10_000_000);
  const endMs = Date.now() + Number(process.env['SECONDS'] ?? 3600) * 1000;
  const gateway = await startGateway();
  const failed: string[] = [];
  const tried = { page: 0, event: 0, posted: 0 };
  let [seed, slowestMs, slowest, startBytes] = [first, 0, 0, 0];
  for (; seed < first + inputs && Date.now() < endMs; seed++) {
    const input = fuzzInput(seed);
    tried[input.kind]++;
    const startMs = performance.now();
    const fault = faultOf(() => tryInput(input));
    let tookMs = performance.now() - startMs;
    // It may have waited for the processor; a question for processor time costs too much to ask for each
    // input.
    if (tookMs > slowestMs)
      tookMs = Math.min(
        tookMs,
        processorMsOf(() => faultOf(() => tryInput(input))),
      );
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, seed];
    if (fault !== undefined || tookMs > MOST_MS)
      failed.push(`seed ${String(seed)}: ${fault ?? `${tookMs.toFixed(0)} ms`}`);
    if (seed % 1000 === 0) {
      const [path, type] =
        input.kind === 'page'
          ? [
              '/v1/telemetry/dcgm?instance=i',
              seed % 2000 === 0 ? 'text/plain' : 'application/openmetrics-text',
            ]
          : ['/v1/events', 'application/cloudevents+json'];
      const { status } = await gateway.post(path, input.bytes, { 'content-type': type });
      tried.posted++;
      if (status >= 500) failed.push(`seed ${String(seed)}: answered ${String(status)}`);
      gateway.log.records.splice(0);
      gateway.logged.splice(0);
    }
    if ((seed - first) % CHUNK !== CHUNK - 1) continue;
    startBytes ||= process.memoryUsage().rss;
    const rss = process.memoryUsage().rss;
    if (rss > startBytes + MOST_GROWTH_BYTES)
      failed.push(`seed ${String(seed)}: ${String(rss)} bytes resident`);
    if ((seed - first) % (10 * CHUNK) === 10 * CHUNK - 1) {
      console.log(
        `${String(seed - first + 1)} inputs, ${String(failed.length)} failed, ${(rss / 2 ** 20).toFixed(0)} MiB`,
      );
    }
  }
  await gateway.close();
  console.log(
    `${String(seed - first)} inputs from seed ${String(first)}: ${String(tried.page)} pages read in both formats, ${String(tried.event)} events judged, ${String(tried.posted)} of them posted too`,
  );
  console.log(
    `${String(failed.length)} failed; the slowest took ${slowestMs.toFixed(1)} ms (seed ${String(slowest)}); go on from SEED=${String(seed)}`,
  );
  for (const each of failed.slice(0, 20)) console.log(each);
  if (failed.length > 0) process.exitCode = 1;
}

function processorMsOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function faultOf(work: () => string | undefined): string | undefined {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
