/**
 * One GPU that goes from job to job while it is sampled all the time: by a real collector, through a real
 * server, onto a page that is read all the time. The exporter says which job the GPU really works for; no
 * page may ever show it under another.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { encodeEvent } from '../../events/codec';
import { openCollector, type Collector } from '../../services/collector/collector';
import { openFetcher } from '../../services/http/fetcher';
import { openCollectorMetrics } from '../../services/collector/metrics';
import { fileSource } from '../../services/collector/source';
import { post, startServer, until, type Server } from '../support/server';
import {
  instanceStarted,
  jobProvisioned,
  jobSubmitted,
  runSubmitted,
  tell,
  type Told,
} from '../support/told';
import { startExporter, type Exporter } from './exporters';

const JOBS = 8;
const PATIENCE_MS = 30_000;

let dir: string;
let server: Server;
let exporter: Exporter;
let collector: Collector;
/** Of the job that the GPU works for; 0: none. */
let working = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-edge-'));
  server = await startServer({ FLEETMETER_DATA_DIR: join(dir, 'data') });
  exporter = await startExporter((response) =>
    response.end(`gpu_works_for{UUID="GPU-0"} ${String(working)}\n`),
  );
  const targets = join(dir, 'targets.json');
  writeFileSync(
    targets,
    JSON.stringify([{ targets: [exporter.address], labels: { instance: 'i', exporter: 'truth' } }]),
  );
  collector = openCollector({
    sources: [fileSource(targets)],
    fetcher: openFetcher({ timeoutMs: 5000, bodyBytes: 10_000, heldBytes: 100_000 }),
    authorization: () => ({}),
    // Longer than it takes the next job to start, so that the last sample of the one before is still the
    // latest.
    intervalMs: 400,
    lagMs: 0,
    fields: 'all',
    deliver: async (events) => {
      const { status, body } = await post(server.url, events);
      return status === 202 ? { kind: 'delivered', rejected: [] } : { kind: 'unavailable', detail: body };
    },
    logger: pino({ level: 'silent' }),
    metrics: openCollectorMetrics(),
    now: Date.now,
  });
}, 120_000);

afterAll(async () => {
  await collector.close();
  await exporter.close();
  await server.kill();
  rmSync(dir, { recursive: true, force: true });
});

/** Tells the server what happens now. */
async function happen(...told: readonly Pick<Told, 'type' | 'data'>[]): Promise<void> {
  const atMs = Date.now();
  const { status, body } = await post(
    server.url,
    told.map((each) => encodeEvent(tell({ ...each, atMs }))),
  );
  if (status !== 202) throw new Error(body);
}

interface Shown {
  /** The job whose labels the GPU bears; undefined: the instance's. */
  readonly job: string | undefined;
  readonly worksFor: number;
}

/** What the page says of the GPU; undefined: nothing. */
async function shown(): Promise<Shown | undefined> {
  const page = await (await fetch(`${server.url}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith('gpu_works_for{'));
  if (lines.length > 1) throw new Error(`a GPU that is shown twice: ${lines.join(' ')}`);
  const [line] = lines;
  if (line === undefined) return undefined;
  return { job: /dstack_job_id="(\w+)"/.exec(line)?.[1], worksFor: Number(line.split(' ').at(-1)) };
}

test('no sample of one job is ever shown under another', async () => {
  const wrong: Shown[] = [];
  const seen = new Set<string>();
  let isWatching = true;
  const watch = async (): Promise<void> => {
    while (isWatching) {
      const now = await shown();
      if (now === undefined) continue;
      seen.add(`${now.job ?? 'instance'} ${String(now.worksFor)}`);
      if (now.job !== undefined && now.worksFor !== 0 && now.job !== `j${String(now.worksFor)}`)
        wrong.push(now);
    }
  };
  const watching = watch();
  const becomes = (what: string, condition: (now: Shown | undefined) => boolean) =>
    until(
      async () => condition(await shown()),
      PATIENCE_MS,
      () => `never shown: ${what}`,
    );

  await happen(instanceStarted('i', { status: 'idle' }), runSubmitted('r'));
  await becomes('the idle GPU', (now) => now !== undefined && now.job === undefined);
  for (let n = 1; n <= JOBS; n++) {
    const id = `j${String(n)}`;
    await happen(jobSubmitted(id), jobProvisioned(id, { id: 'i', gpu_uuids: ['GPU-0'] }));
    working = n;
    await becomes(`${id} at work`, (now) => now?.job === id && now.worksFor === n);
    // Its last sample stays the latest until the collector comes again; the end, and the next one's start,
    // come in between.
    working = 0;
    await happen({ type: 'job.finished', data: { run: { id: 'r' }, job: { id }, status: 'done' } });
    await becomes(`the end of ${id}`, (now) => now?.job !== id);
  }
  isWatching = false;
  await watching;
  expect(wrong).toEqual([]);
  const jobs = Array.from({ length: JOBS }, (_, i) => `j${String(i + 1)} ${String(i + 1)}`);
  expect([...seen].sort()).toEqual(expect.arrayContaining(jobs));
}, 120_000);
