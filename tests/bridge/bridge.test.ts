/** The loop: what was read is passed when it is on the log, whatever is away in between. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { AwayError } from '../../services/bridge/backoff';
import { openBridge, type Bridge, type BridgeOptions } from '../../services/bridge/bridge';
import type { Fact } from '../../services/bridge/fact';
import { openBridgeMetrics } from '../../services/bridge/metrics';
import type { Delivery } from '../../services/bridge/outbox';
import type { Advance, ControlPlane } from '../../services/bridge/port';
import { openStateFile } from '../../services/bridge/state-file';
import { until } from '../support/server';

let dir: string;
const bridges: Bridge[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-bridge-'));
});
afterEach(async () => {
  await Promise.all(bridges.splice(0).map((bridge) => bridge.close()));
  rmSync(dir, { recursive: true, force: true });
});

/** Counts up: a run submitted a piece, the first three of them the snapshot. */
function counting(): ControlPlane & { readonly asked: unknown[]; aheadMs: number } {
  const asked: unknown[] = [];
  const plane = {
    asked,
    aheadMs: 0,
    advance(state: unknown): Promise<Advance> {
      asked.push(state);
      const n = typeof state === 'number' ? state : 0;
      return Promise.resolve({
        kind: 'advanced',
        facts: [runSubmitted(`r-${String(n)}`, Date.now() + plane.aheadMs)],
        state: n + 1,
        phase: n < 3 ? 'snapshot' : 'changes',
        hosts: new Map([[`i-${String(n)}`, 'host']]),
        waitMs: 5,
      });
    },
    sample: () => Promise.resolve({ kind: 'sampled' as const, events: [], waitMs: 60_000 }),
  };
  return plane;
}

function runSubmitted(id: string, atMs: number): Fact {
  const data = { project: 'p', user: 'u', run: { id, name: id, type: 'task' }, snapshot: true };
  return { type: 'fleetmeter.run.submitted.v1', atMicros: atMs * 1000, detail: 0, data };
}

function start(options: Partial<BridgeOptions> & Pick<BridgeOptions, 'plane'>) {
  const said: { readonly level: number; readonly msg: string; readonly detail?: string }[] = [];
  const onLog: string[] = [];
  const bridge = openBridge({
    source: '/plane',
    state: openStateFile(join(dir, 'state.json'), '/plane'),
    deliver: (events) => {
      onLog.push(...events.map(runOf));
      return Promise.resolve({ kind: 'delivered', rejected: [] });
    },
    onHosts: () => Promise.resolve(),
    mode: 'follow',
    logger: pino({}, { write: (line: string) => void said.push(JSON.parse(line) as (typeof said)[number]) }),
    metrics: openBridgeMetrics(),
    now: Date.now,
    ...options,
  });
  bridges.push(bridge);
  return { bridge, onLog, said };
}

function runOf(event: string): string {
  return (JSON.parse(event) as { readonly data: { readonly run: { readonly id: string } } }).data.run.id;
}

function kept(): unknown {
  return (JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as { readonly state: unknown }).state;
}

const soon = (condition: () => boolean) => until(condition, 10_000, () => 'not yet');

test('what it kept is where the next one goes on, and nothing is left out', async () => {
  const first = start({ plane: counting() });
  expect(first.bridge.trouble()).toBe('the snapshot is not whole yet');
  await soon(() => first.onLog.length >= 5);
  expect(first.bridge.trouble()).toBeUndefined();
  await first.bridge.close();
  const reached = Number(kept());
  expect(first.onLog).toEqual(Array.from({ length: reached }, (_, n) => `r-${String(n)}`));
  const second = start({ plane: counting() });
  await soon(() => second.onLog.length > 0);
  expect(second.onLog[0]).toBe(`r-${String(reached)}`);
});

test('while the log takes nothing the state stays, and nothing is passed; it is said once', async () => {
  let isUp = false;
  const taken: string[] = [];
  const { bridge, said } = start({
    plane: counting(),
    deliver: (events): Promise<Delivery> => {
      if (!isUp) return Promise.resolve({ kind: 'unavailable', detail: 'no disk' });
      taken.push(...events.map(runOf));
      return Promise.resolve({ kind: 'delivered', rejected: [] });
    },
  });
  await soon(() => bridge.trouble() === 'the log takes no events: no disk');
  expect(() => kept()).toThrow();
  isUp = true;
  await soon(() => taken.length >= 4);
  expect(taken.slice(0, 4)).toEqual(['r-0', 'r-1', 'r-2', 'r-3']);
  expect(said.filter(({ msg }) => msg === 'the log takes no events')).toHaveLength(1);
}, 20_000);

test('a control plane that is away is asked again from where it was, and said once', async () => {
  const plane = counting();
  const { advance } = plane;
  let failures = 2;
  const asked: unknown[] = [];
  plane.advance = (state) => {
    asked.push(state);
    if (state !== 1 || failures-- <= 0) return advance(state);
    return Promise.resolve({ kind: 'unavailable', fault: 'away', detail: 'ECONNREFUSED' });
  };
  const { onLog, said, bridge } = start({ plane });
  await soon(() => bridge.trouble()?.includes('ECONNREFUSED') === true);
  await soon(() => onLog.length >= 3);
  expect(asked.slice(0, 4)).toEqual([undefined, 1, 1, 1]);
  expect(onLog.slice(0, 3)).toEqual(['r-0', 'r-1', 'r-2']);
  expect(said.filter(({ level }) => level === 40).map(({ detail }) => detail)).toEqual(['ECONNREFUSED']);
}, 20_000);

test('what a clock far ahead tells waits until the log takes it', async () => {
  const plane = counting();
  plane.aheadMs = 300_000;
  let nowMs = Date.now();
  const { bridge, onLog } = start({ plane, now: () => nowMs });
  await soon(() => bridge.trouble()?.startsWith("the control plane's clock is ahead") === true);
  expect(onLog).toEqual([]);
  nowMs += 70_000;
  await soon(() => onLog.length > 0);
}, 20_000);

test('what the log refuses is counted and passed: it would be refused for ever', async () => {
  const metrics = openBridgeMetrics();
  const { said } = start({
    plane: counting(),
    metrics,
    deliver: () =>
      Promise.resolve({ kind: 'delivered', rejected: [{ index: 0, reason: 'too_late', detail: 'so late' }] }),
  });
  await soon(() => said.some(({ msg }) => msg === 'an event was refused'));
  const page = await metrics.registry.metrics();
  expect(page).toMatch(/^fleetmeter_bridge_events_rejected_total\{reason="too_late"\} [1-9]/m);
});

test('once: it ends when the snapshot is on the log, and waits for nothing that is away', async () => {
  const { bridge, onLog } = start({ plane: counting(), mode: 'once' });
  await bridge.ended;
  expect(onLog).toEqual(['r-0', 'r-1', 'r-2', 'r-3']);
  const away = start({
    plane: {
      ...counting(),
      advance: () => Promise.resolve({ kind: 'unavailable', fault: 'away', detail: 'gone' }),
    },
    mode: 'once',
  });
  await expect(away.bridge.ended).rejects.toThrow(new AwayError('gone'));
});

test('a state of another source, or none, ends it with what to do', async () => {
  const other = openStateFile(join(dir, 'state.json'), '/other');
  await other.write(1);
  await expect(start({ plane: counting() }).bridge.ended).rejects.toThrow(
    /is the state for \/other, expected \/plane/,
  );
});
