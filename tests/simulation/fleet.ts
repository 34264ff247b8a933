/**
 * A small fleet, as its control plane tells of it: jobs that cost money, and end before anybody has heard of
 * it.
 */
import type { Random } from '../support/history-random';

export interface Told {
  /** When it is sent. */
  readonly atMs: number;
  readonly line: string;
  /** On another partition than its own. */
  readonly strays: boolean;
}

type Data = Readonly<Record<string, unknown>>;

const MOST_LATE_MS = 5000;

/**
 * What is told in the first `forMs`; times are ms since the simulation began, `epochMs` is when that was.
 * @param prefix of all ids, where it is not the only fleet
 */
export function tellOfFleet(random: Random, forMs: number, epochMs: number, prefix = ''): Told[] {
  const told: Told[] = [];
  let count = 0;

  function tell(type: string, atMs: number, data: Data): void {
    const event = {
      specversion: '1.0',
      id: `${prefix}e${count++}`,
      source: random.pick(['/a', '/b']),
      type: `fleetmeter.${type}.v1`,
      time: new Date(epochMs + atMs).toISOString(),
      data,
    };
    const line = JSON.stringify(event);
    const lateMs = random.chance(0.5) ? random.integer(0, 60) : random.integer(0, MOST_LATE_MS);
    const times = random.chance(0.1) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const sentMs = Math.max(0, atMs) + lateMs + time * random.integer(0, 3000);
      if (sentMs < forMs) told.push({ atMs: sentMs, line, strays: random.chance(0.06) });
    }
  }

  tellOfInstance(random, forMs, `${prefix}i${random.integer(0, 9)}`, tell);
  for (let n = random.integer(1, 3); n > 0; n--) {
    tellOfRun(random, random.integer(-1000, forMs - 2000), `${prefix}r${random.integer(0, 99)}-${n}`, tell);
  }
  if (random.chance(0.3))
    told.push({ atMs: random.integer(0, forMs), line: '{"specversion":', strays: false });
  return told.sort((a, b) => a.atMs - b.atMs);
}

type Tell = (type: string, atMs: number, data: Data) => void;

function tellOfInstance(random: Random, forMs: number, id: string, tell: Tell): void {
  const instance = { id };
  const startMs = random.integer(-2000, forMs / 2);
  const described = { id, name: id, type: 'p5', backend: 'aws', region: 'eu' };
  tell('instance.started', startMs, {
    project: 'p',
    instance: described,
    price: priceOf(random),
    status: 'idle',
  });
  for (let atMs = startMs; random.chance(0.5);) {
    atMs += random.integer(300, 2500);
    tell('instance.status_changed', atMs, { instance, status: random.pick(['idle', 'busy', 'pending']) });
  }
  if (random.chance(0.4)) tell('instance.terminated', startMs + random.integer(3000, 8000), { instance });
}

function tellOfRun(random: Random, startMs: number, id: string, tell: Tell): void {
  const run = { id };
  const job = { id: 'j' };
  const head = { project: 'p', user: 'u', run: { id, name: id, type: 'task' } };
  tell('run.submitted', startMs, { ...head, ...(random.chance(0.2) ? { status: 'pending' } : {}) });
  tell('job.submitted', startMs, { ...head, job: { id: 'j', name: 'j', num: 0, replica_num: 0 } });
  const provisionedMs = startMs + random.integer(50, 1000);
  const resources = { cpus: 8, memory_bytes: 1024, gpu: { name: 'H100', count: 2, memory_bytes: 80e9 } };
  const instance = { id: 'i0', name: 'i0', type: 'p5', backend: 'aws' };
  tell('job.provisioned', provisionedMs, { run, job, instance, resources, price: priceOf(random) });
  tell('run.status_changed', provisionedMs, { run, status: 'provisioning' });
  if (random.chance(0.5)) tell('job.status_changed', provisionedMs + 100, { run, job, status: 'running' });
  if (random.chance(0.3))
    tell('job.price_changed', provisionedMs + random.integer(200, 3000), {
      run,
      job,
      price: priceOf(random),
    });
  if (random.chance(0.2))
    tell('job.sampled', provisionedMs + random.integer(200, 3000), { run, job, cpu_time_seconds: 1 });
  if (random.chance(0.8)) {
    const endMs = provisionedMs + random.integer(300, 5000);
    const status = random.pick(['done', 'failed', 'terminated']);
    tell('job.finished', endMs, { run, job, status, reason: 'over' });
    tell('run.finished', endMs, { run, status });
  }
}

/** Of dollars a second: what accrues between two scrapes is seen. */
function priceOf(random: Random): { dollars_per_hour: number } {
  return { dollars_per_hour: random.pick([1800, 3600, 7200.5]) };
}
