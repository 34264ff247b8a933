import { type FleetEvent, isTelemetry } from '../../../events/event';
import { openFleet, type Fleet } from './fleet';
import { watchLifecycle } from './lifecycle';
import { watchTelemetry } from './telemetry';

/**
 * Watches a fleet's life event by event, and says what can't be: it knows the rules of dstack's entities and
 * of the contract's events, and nothing of how the demo makes them.
 */
export interface Witness {
  see(event: FleetEvent): void;
  /** How often each thing was seen. */
  readonly seen: ReadonlyMap<string, number>;
}

/** `speed`: how many times faster than event time the fleet lives. */
export function openWitness(speed: number): Witness {
  const fleet: Fleet = openFleet();
  const lifecycle = watchLifecycle(fleet, speed);
  const telemetry = watchTelemetry(fleet);
  const ids = new Set<string>();

  function see(event: FleetEvent): void {
    const lastMs = fleet.now?.timeMs ?? -Infinity;
    if (event.timeMs > lastMs) lifecycle.endOfMillisecond();
    fleet.now = event;
    fleet.must(event.timeMs >= lastMs, 'not in order of time');
    fleet.must(Number.isInteger(event.timeMs), 'not a whole millisecond');
    fleet.must(!ids.has(event.id), 'id is taken');
    ids.add(event.id);
    fleet.count(event.type);
    if (isTelemetry(event)) telemetry.see(event);
    else lifecycle.see(event);
  }

  return { see, seen: fleet.seen };
}
