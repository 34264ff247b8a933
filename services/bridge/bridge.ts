import { setTimeout as delay } from 'node:timers/promises';
import type { LifecycleEvent } from '../../events/event';
import type { Logger } from '../process/logger';
import { NO_WAIT, openBackoff } from './backoff';
import type { Backoff } from './backoff';
import { eventOf, idOf } from './fact';
import type { Fact } from './fact';
import type { BridgeMetrics } from './metrics';
import { openOutbox } from './outbox';
import type { Deliver, Outbox } from './outbox';
import type { Advanced, ControlPlane } from './port';
import type { StateFile } from './state-file';
import { openTroubles } from './troubles';
import type { TroubleOf } from './troubles';

export interface BridgeOptions {
  readonly plane: ControlPlane;
  /** The CloudEvents `source` of all events. */
  readonly source: string;
  readonly state: StateFile;
  readonly deliver: Deliver;
  /** Told the addresses of the live instances. */
  readonly onHosts: (hosts: ReadonlyMap<string, string>) => Promise<void>;
  /** `once`: ends when the snapshot is on the log, and waits for nothing that is away. */
  readonly mode: 'follow' | 'once';
  readonly logger: Logger;
  readonly metrics: BridgeMetrics;
  readonly now: () => number;
}

export interface Bridge {
  /**
   * Resolves when it has ended; rejects if it can't continue, with an AwayError if it does not wait for a
   * service that is away.
   */
  readonly ended: Promise<void>;
  /**
   * Why it is not ready; undefined: what the control plane knows is on the log, except for the last moments.
   */
  trouble(): string | undefined;
  /** Ends after what is under way. */
  close(): Promise<void>;
}

/** What both of a bridge's loops share. */
interface Loop extends BridgeOptions {
  readonly isClosing: () => boolean;
  readonly pause: (ms: number) => Promise<void>;
  readonly backoff: (of: TroubleOf) => Backoff;
  readonly outbox: Outbox;
  /** The snapshot is on the log. */
  isWhole: boolean;
}

/**
 * Watches a control plane and puts what it tells on the log. The cursor passes what was read once it is on
 * the log, not before.
 */
export function openBridge(options: BridgeOptions): Bridge {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  const pause = (ms: number): Promise<void> =>
    delay(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  const troubles = openTroubles(options.logger);
  const backoff = (of: TroubleOf): Backoff =>
    options.mode === 'once' ? NO_WAIT : openBackoff(pause, (detail) => troubles.set(of, detail));
  const shared = { ...options, backoff, isClosing, pause, troubles };
  const loop: Loop = { ...shared, outbox: openOutbox(shared), isWhole: false };

  const works = options.mode === 'once' ? [follow(loop)] : [follow(loop), sample(loop)];
  const ended = Promise.all(works).then(() => undefined);
  ended.catch(() => undefined);
  return {
    ended,
    trouble: () => troubles.worst() ?? (loop.isWhole ? undefined : 'the snapshot is not whole yet'),
    async close() {
      closing.abort();
      await Promise.allSettled(works);
    },
  };
}

async function follow(loop: Loop): Promise<void> {
  const { plane, state, metrics } = loop;
  const waiting = loop.backoff('plane');
  for (let kept = await state.read(); !loop.isClosing();) {
    const advance = await plane.advance(kept);
    metrics.up.set(advance.kind === 'unavailable' ? 0 : 1);
    if (advance.kind === 'unavailable') {
      await waiting.wait(advance.detail);
      continue;
    }
    waiting.clear();
    if (!(await keep(loop, advance))) return;
    kept = advance.state;
    if (loop.mode === 'once' && loop.isWhole) return;
    await loop.pause(advance.waitMs);
  }
}

/** False only when the bridge closes. */
async function keep(loop: Loop, { facts, state, hosts, phase }: Advanced): Promise<boolean> {
  const { metrics, logger } = loop;
  if (!(await loop.outbox.put(facts.flatMap((fact) => valid(loop, fact))))) return false;
  await loop.state.write(state);
  await loop.onHosts(hosts);
  if (phase === 'snapshot') return true;
  if (!loop.isWhole) logger.info('the snapshot is on the log');
  loop.isWhole = true;
  metrics.snapshotDone.set(1);
  if (phase === 'changes') metrics.lastReadSeconds.set(loop.now() / 1000);
  return true;
}

function valid({ source, metrics, logger }: Loop, fact: Fact): LifecycleEvent[] {
  const event = eventOf(fact, source);
  if (event !== undefined) return [event];
  metrics.eventsRejected.inc({ reason: 'invalid_data' });
  logger.warn({ fact: idOf(fact), at: fact.atMicros }, 'a fact is none that an event may tell');
  return [];
}

async function sample({ plane, source, metrics, outbox, ...loop }: Loop): Promise<void> {
  const waiting = loop.backoff('samples');
  while (!loop.isClosing()) {
    const sampled = await plane.sample(source);
    if (sampled.kind === 'unavailable') {
      await waiting.wait(sampled.detail);
      continue;
    }
    waiting.clear();
    if (await outbox.put(sampled.events)) metrics.samples.inc(sampled.events.length);
    await loop.pause(sampled.waitMs);
  }
}
