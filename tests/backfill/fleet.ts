/** A small fleet over three days, with price changes, shared instances and late news. */
import { openRandom } from '../support/history-random';

const HOUR_MS = 3_600_000;
export const FLEET_FROM_MS = Date.UTC(2026, 2, 10, 9, 17, 23, 456);
export const FLEET_HOURS = 60;

/** Lines of a file without log times, each told a little late. */
export function fleetLines(seed: number, jobs: number): string[] {
  const random = openRandom(seed);
  const told: { readonly toldMs: number; readonly line: string }[] = [];
  const tell = (type: string, timeMs: number, data: object): void => {
    const id = `e${told.length}`;
    const time = new Date(timeMs).toISOString();
    const line = JSON.stringify({
      specversion: '1.0',
      id,
      source: '/fleet',
      type: `fleetmeter.${type}.v1`,
      time,
      data,
    });
    told.push({ toldMs: timeMs + random.integer(0, 20 * 60_000), line });
  };
  const some = (ms: number): number => random.integer(1, ms);
  for (let i = 0; i < jobs; i++) {
    const startMs = FLEET_FROM_MS + some((FLEET_HOURS - 20) * HOUR_MS);
    const endMs = startMs + some(18 * HOUR_MS);
    const who = { project: random.pick(['main', 'lab']), user: random.pick(['ann', 'bob']) };
    const run = { id: `r${i}`, name: `run-${i}`, type: random.pick(['task', 'service']) };
    const target = { run: { id: run.id }, job: { id: 'j' } };
    const gpu = random.pick([
      { name: 'H100', count: 8, memory_bytes: 8e10 },
      { name: 'L4', count: 1, memory_bytes: 2.4e10 },
    ]);
    const resources = { cpus: 8, memory_bytes: 1e11, gpu };
    const backend = random.pick(['aws', 'gcp']);
    const price = { dollars_per_hour: random.integer(1, 10_000_000) / 100_003 };
    const instance = { id: `i${i}`, name: `i-${i}`, type: gpu.name, backend };
    tell('instance.started', startMs, {
      project: who.project,
      instance,
      resources,
      price,
      fleet: { id: 'f', name: 'fleet' },
    });
    tell('instance.status_changed', startMs + 60_000, {
      instance: { id: instance.id },
      status: random.pick(['idle', 'busy']),
    });
    tell('run.submitted', startMs, { ...who, run });
    tell('job.submitted', startMs, { ...who, run, job: { id: 'j', name: 'j', num: 0, replica_num: 0 } });
    const blocks = random.pick([null, { used: 1, total: 3 }]);
    tell('job.provisioned', startMs + some(60_000), {
      ...target,
      instance: { id: instance.id, backend },
      resources,
      price,
      blocks,
    });
    tell('job.price_changed', startMs + some(endMs - startMs), {
      ...target,
      price: { dollars_per_hour: random.integer(1, 99) / 7 },
    });
    if (random.chance(0.15)) continue;
    const finished = { status: random.pick(['done', 'failed']), reason: random.pick(['done', 'oom', 'a b']) };
    tell('job.finished', endMs, { ...target, ...finished });
    tell('run.finished', endMs + 1000, { run: { id: run.id }, ...finished });
    tell('instance.terminated', endMs + some(HOUR_MS), { instance: { id: instance.id } });
  }
  return told.sort((a, b) => a.toldMs - b.toldMs).map(({ line }) => line);
}
