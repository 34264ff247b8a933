import type { BridgeMetrics } from '../metrics';
import type { Advance, ControlPlane, Sampled, Unavailable } from '../port';
import { openBook, type Book } from './book';
import { readChanges } from './changes';
import { DstackError, type DstackClient } from './client';
import { factsOf, openContext, type Context } from './context';
import { PACES, waitAfter } from './pace';
import { relist } from './relist';
import type { ServerClock } from './server-clock';
import { readSnapshot } from './snapshot';
import { readSamples } from './telemetry';
import type { GpuFields } from '../../exposition/gpu-fields';

export interface DstackOptions {
  readonly client: DstackClient;
  readonly clock: ServerClock;
  readonly metrics: BridgeMetrics;
  /** What is taken of the page's DCGM families; undefined: none, since they come from the exporters themselves. */
  readonly gpuFields: GpuFields | undefined;
  readonly now: () => number;
}

const RELIST_AGAIN_MS = 60_000;

/** dstack, seen through its API as it is. */
export function openDstack({ client, clock, metrics, gpuFields, now }: DstackOptions): ControlPlane {
  let relistAtMs = -Infinity;
  /** Whether what changes there is told by events; a relist that finds what none has told says no. */
  let hasEvents = true;
  let eventsSinceRelist = 0;

  const nowMicros = (): number => Math.floor(now() + (clock.aheadMs() ?? 0)) * 1000;

  async function read(
    context: Context,
  ): Promise<{ readonly phase: 'snapshot' | 'changes'; readonly waitMs: number }> {
    const { book } = context;
    if (book.snapshot !== undefined) {
      await readSnapshot(context);
      return { phase: 'snapshot', waitMs: 0 };
    }
    const busyMs = client.busyMs();
    if (now() < relistAtMs) {
      const changes = await readChanges(context);
      noteEvents(changes.events);
    } else {
      // Where it fails, what events tell is not to wait for it.
      relistAtMs = now() + RELIST_AGAIN_MS;
      const changes = await relist(context);
      noteEvents(changes.events);
      const { run, job, instance } = context.noticed.vouched;
      const isSilent = eventsSinceRelist === 0 && run + job + instance > 0;
      if (book.events === undefined || isSilent) hasEvents = false;
      eventsSinceRelist = 0;
      const pace = hasEvents ? PACES.relist : PACES.relistAlone;
      relistAtMs = now() + waitAfter(pace, client.busyMs() - busyMs);
    }
    return { phase: 'changes', waitMs: waitAfter(PACES.changes, client.busyMs() - busyMs) };
  }

  function noteEvents(events: number): void {
    eventsSinceRelist += events;
    if (events > 0) hasEvents = true;
  }

  function count({ noticed, book }: Context): void {
    metrics.unknownMessages.inc(noticed.unknownMessages);
    metrics.unmatched.inc(noticed.unmatched);
    for (const kind of ['run', 'job', 'instance'] as const)
      metrics.vouched.inc({ of: kind }, noticed.vouched[kind]);
    metrics.vouchedSeconds.inc(noticed.vouchedLateMicros / 1e6);
    metrics.clockAheadSeconds.set((clock.aheadMs() ?? 0) / 1000);
    const alive = (entries: object): number =>
      Object.values(entries).filter((entry: { readonly endMicros?: number }) => entry.endMicros === undefined)
        .length;
    metrics.alive.set({ of: 'run' }, alive(book.runs));
    metrics.alive.set({ of: 'instance' }, alive(book.instances));
  }

  return {
    async advance(state): Promise<Advance> {
      const book = openBook(state);
      if (book === undefined)
        throw new Error(
          'the state kept is of another version: remove it, and the bridge begins with a snapshot',
        );
      const context = openContext(client, book, nowMicros);
      try {
        const told = await read(context);
        count(context);
        return { kind: 'advanced', facts: factsOf(context), state: book, hosts: hostsOf(book), ...told };
      } catch (error) {
        return unavailable(error);
      }
    },
    async sample(source): Promise<Sampled | Unavailable> {
      const busyMs = client.busyMs();
      try {
        const events = await readSamples(client, { source, fields: gpuFields });
        return { kind: 'sampled', events, waitMs: waitAfter(PACES.samples, client.busyMs() - busyMs) };
      } catch (error) {
        return unavailable(error);
      }
    },
  };
}

/** Where live instances' exporters can be asked. */
function hostsOf({ instances }: Book): Map<string, string> {
  const hosts = new Map<string, string>();
  for (const [id, { endMicros, hostname }] of Object.entries(instances))
    if (endMicros === undefined && hostname !== undefined) hosts.set(id, hostname);
  return hosts;
}

function unavailable(error: unknown): Unavailable {
  if (error instanceof DstackError) return { kind: 'unavailable', fault: error.fault, detail: error.message };
  throw error;
}
