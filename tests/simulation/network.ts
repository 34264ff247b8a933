import type { Random } from '../support/history-random';
import type { Host } from './host';
import type { Scheduler } from './scheduler';

/** How often what goes wrong between a process and a server. */
export interface Weather {
  /** The request never arrives. */
  readonly lost: number;
  /** It is executed, and nobody hears of it. */
  readonly unanswered: number;
  /** It is given up, tried again perhaps, and executed only then. */
  readonly late: number;
  /** It is executed, answered, and executed once more later. */
  readonly twice: number;
  /** A way that takes long. */
  readonly slow: number;
}

export const CALM: Weather = { lost: 0, unanswered: 0, late: 0, twice: 0, slow: 0 };

export interface Network {
  weather: Weather;
  /**
   * Sends a request from a process; `execute` is done at the server, whole. `away` is what the process hears
   * where no answer arrives: at once when the connection breaks, else when it has waited long enough.
   */
  request<T>(host: Host, execute: () => T, away: T): Promise<T>;
  /** How long something is on its way, ms. */
  hopMs(): number;
}

const REPLY_TIMEOUT_MS = 5000;
const LATEST_MS = 8000;

type Fate = 'fine' | keyof Omit<Weather, 'slow'>;

export function openNetwork(scheduler: Scheduler, random: Random): Network {
  const network: Network = {
    weather: CALM,
    request: (host, execute, away) =>
      new Promise((resolve) => {
        const answer = (value: typeof away): void => {
          scheduler.after(network.hopMs(), () => host.deliver(() => resolve(value)));
        };
        const giveUp = (): void => {
          scheduler.after(random.chance(0.7) ? random.integer(0, 300) : REPLY_TIMEOUT_MS, () => answer(away));
        };
        const fate = drawFate();
        if (fate === 'lost' || fate === 'late') giveUp();
        if (fate === 'lost') return;
        const afterMs = fate === 'late' ? random.integer(0, LATEST_MS) : network.hopMs();
        scheduler.after(afterMs, () => {
          const value = execute();
          if (fate === 'late') return;
          if (fate === 'unanswered') giveUp();
          else answer(value);
          if (fate === 'twice') scheduler.after(random.integer(0, LATEST_MS), execute);
        });
      }),
    hopMs: () => (random.chance(network.weather.slow) ? random.integer(50, 1500) : random.integer(0, 4)),
  };

  function drawFate(): Fate {
    let left = random.next();
    for (const fate of ['lost', 'unanswered', 'late', 'twice'] as const) {
      left -= network.weather[fate];
      if (left < 0) return fate;
    }
    return 'fine';
  }

  return network;
}
