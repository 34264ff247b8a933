/** Where the lines of a history might have stood on a live log. */
import { decodeEvent } from '../../events/codec';
import { partitionOf, routeOf } from '../../events/routing';
import { type LogPlace } from '../oracle/index';
import { linesOf, type History } from './history';
import { openRandom } from './history-random';

/**
 * Append times follow the events' times, mostly a little later; now and then they go back, or are so early
 * that the event is from the future, or so late that it is too late. A few records stand on another partition
 * than their key's.
 */
export function livePlaces(history: History): LogPlace[] {
  const { seed, settings } = history;
  const random = openRandom(seed ^ 0x11fe);
  const punctual = random.chance(0.5);
  let clockMs = 0;
  return linesOf(history).map((line) => {
    const decoded = decodeEvent(Buffer.from(line));
    const strayed = random.chance(0.05);
    const number = random.integer(0, settings.partitions - 1);
    if (!decoded.ok) return { partition: number, appendTimeMs: clockMs };
    const delayMs = punctual
      ? random.integer(0, 2000)
      : random.pick([0, 1, 5000, -299_999, -300_000, -300_001, -settings.latenessMs, settings.latenessMs]);
    clockMs = Math.max(random.chance(0.9) ? clockMs : 0, decoded.event.timeMs + delayMs);
    const own = partitionOf(routeOf(decoded.event).key, settings.partitions);
    return { partition: strayed ? number : own, appendTimeMs: clockMs };
  });
}
