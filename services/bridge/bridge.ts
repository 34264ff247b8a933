import { setTimeout as delay } from 'node:timers/promises';
import type { LifecycleEvent } from '../../events/event';
import type { Logger } from '../process/logger';
import { NO_WAIT, openBackoff, type Backoff } from './backoff';
import { eventOf, idOf, type Fact } from './fact';
import type { BridgeMetrics } from './metrics';
import { openOutbox, type Deliver } from './outbox';
import type { Advanced, ControlPlane } from './port';
import type { StateFile } from './state-file';
import { openTroubles } from './troubles';

export interface BridgeOptions {
  readonly plane: ControlPlane;
  /** The CloudEvents `source` of all events. */
  readonly source: string;
  readonly state: StateFile;
  readonly deliver: Deliver;
  /** Told where the live instances can be reached. */
  readonly onHosts: (hosts: ReadonlyMap<string, string>) => Promise<void>;
  /** `once`: ends when the snapshot is on the log, and waits for nothing that is away. */
  readonly mode: 'follow' | 'once';
  readonly logger: Logger;
  readonly metrics: BridgeMetrics;
  readonly now: () => number;
}

export interface Bridge {
  /** Resolves when it has ended; rejects where it can't go on, with an AwayError where it does not wait for what is away. */
  readonly ended: Promise<void>;
  /** Why it is not ready; undefined: what the control plane knows is on the log, but for the last moments. */
  trouble(): string | undefined;
  /** Ends after what is under way. */
  close(): Promise<void>;
}

/** Watches a control plane and puts what it tells on the log. What was read is passed when it is on the log, and not before. */
export function openBridge(options: BridgeOptions): Bridge {
  const { plane, source, state, mode, logger, metrics, now } = options;
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  const pause = (ms: number): Promise<void> =>
    delay(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  const backoff = (): Backoff => (mode === 'once' ? NO_WAIT : openBackoff(pause));
  const troubles = openTroubles(logger);
  const outbox = openOutbox({ ...options, backoff, isClosing, pause, troubles });
  let isWhole = false;

  function valid(fact: Fact): LifecycleEvent[] {
    const event = eventOf(fact, source);
    if (event !== undefined) return [event];
    metrics.eventsRejected.inc({ reason: 'invalid_data' });
    logger.warn({ fact: idOf(fact), at: fact.atMicros }, 'a fact is none that an event may tell');
    return [];
  }

  /** False only when the bridge closes. */
  async function keep({ facts, state: reached, hosts, phase }: Advanced): Promise<boolean> {
    if (!(await outbox.put(facts.flatMap(valid)))) return false;
    await state.write(reached);
    await options.onHosts(hosts);
    if (phase === 'snapshot') return true;
    if (!isWhole) logger.info('the snapshot is on the log');
    isWhole = true;
    metrics.snapshotDone.set(1);
    if (phase === 'changes') metrics.lastReadSeconds.set(now() / 1000);
    return true;
  }

  async function follow(): Promise<void> {
    const waiting = backoff();
    for (let kept = await state.read(); !isClosing();) {
      const advance = await plane.advance(kept);
      metrics.up.set(advance.kind === 'unavailable' ? 0 : 1);
      troubles.set('plane', advance.kind === 'unavailable' ? advance.detail : undefined);
      if (advance.kind === 'unavailable') {
        await waiting.wait(advance.detail);
        continue;
      }
      waiting.clear();
      if (!(await keep(advance))) return;
      kept = advance.state;
      if (mode === 'once' && isWhole) return;
      await pause(advance.waitMs);
    }
  }

  async function sample(): Promise<void> {
    const waiting = backoff();
    while (!isClosing()) {
      const sampled = await plane.sample(source);
      troubles.set('samples', sampled.kind === 'unavailable' ? sampled.detail : undefined);
      if (sampled.kind === 'unavailable') {
        await waiting.wait(sampled.detail);
        continue;
      }
      waiting.clear();
      if (await outbox.put(sampled.events)) metrics.samples.inc(sampled.events.length);
      await pause(sampled.waitMs);
    }
  }

  const works = mode === 'once' ? [follow()] : [follow(), sample()];
  const ended = Promise.all(works).then(() => undefined);
  ended.catch(() => undefined);

  return {
    ended,
    trouble: () => troubles.worst() ?? (isWhole ? undefined : 'the snapshot is not whole yet'),
    async close() {
      closing.abort();
      await Promise.allSettled(works);
    },
  };
}
