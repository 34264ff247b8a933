import type { BridgeMetrics } from '../metrics';
import type { Advance, Advanced, ControlPlane, Sampled, Unavailable } from '../port';
import { openBook } from './book';
import type { Book } from './book';
import { readChanges } from './changes';
import type { DstackClient } from './client';
import { factsOf, openContext } from './context';
import type { Context } from './context';
import { CALLS, DstackError } from './line';
import { PACES, waitAfter } from './pace';
import { relist } from './relist';
import type { ServerClock } from './server-clock';
import { readSnapshot } from './snapshot';
import { readSamples } from './telemetry';
import { openTurns } from './turns';
import type { GpuFields } from '../../exposition/gpu-fields';

export interface DstackOptions {
  readonly client: DstackClient;
  readonly clock: ServerClock;
  readonly metrics: BridgeMetrics;
  /**
   * Which of the page's DCGM families are taken; undefined: none, since they come from the exporters
   * themselves.
   */
  readonly gpuFields: GpuFields | undefined;
  readonly now: () => number;
}

/** An unmodified dstack, seen through its API. */
export function openDstack({ client, clock, metrics, gpuFields, now }: DstackOptions): ControlPlane {
  const turns = openTurns(now);
  for (const call of CALLS) metrics.unreadableRows.inc({ call }, 0);
  const aheadMs = (): number => clock.aheadMs() ?? 0;
  const nowMicros = (): number => Math.floor(now() + aheadMs()) * 1000;

  async function read(context: Context): Promise<Pick<Advanced, 'phase' | 'waitMs'>> {
    const { book, noticed } = context;
    if (book.snapshot !== undefined) {
      await readSnapshot(context);
      return { phase: 'snapshot', waitMs: 0 };
    }
    const busyBeforeMs = client.busyMs();
    const busyMs = (): number => client.busyMs() - busyBeforeMs;
    let waitMs: number;
    if (turns.next() === 'changes') {
      waitMs = turns.endChanges(await readChanges(context), busyMs());
    } else {
      turns.beginRelist();
      const changes = await relist(context);
      const told = { vouched: noticed.vouched, hasEvents: book.events !== undefined };
      waitMs = turns.endRelist(changes, told, busyMs());
    }
    return { phase: waitMs === 0 ? 'behind' : 'changes', waitMs };
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
        count(metrics, context, aheadMs());
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

function count(metrics: BridgeMetrics, { noticed, book }: Context, aheadMs: number): void {
  metrics.unknownMessages.inc(noticed.unknownMessages);
  metrics.unmatched.inc(noticed.unmatched);
  for (const kind of ['run', 'job', 'instance'] as const)
    metrics.vouched.inc({ of: kind }, noticed.vouched[kind]);
  metrics.vouchedSeconds.inc(noticed.vouchedLateMicros / 1e6);
  metrics.clockAheadSeconds.set(aheadMs / 1000);
  metrics.alive.set({ of: 'run' }, aliveOf(book.runs));
  metrics.alive.set({ of: 'instance' }, aliveOf(book.instances));
}

function aliveOf(entries: Readonly<Record<string, { readonly endMicros?: number }>>): number {
  return Object.values(entries).filter(({ endMicros }) => endMicros === undefined).length;
}

/** Addresses of live instances' exporters. */
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
