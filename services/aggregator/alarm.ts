import type { Logger } from '../process/logger';

/** Reports what only an operator can fix: once, and again when it changes. */
export interface Alarm {
  raise(partition: number, what: string): void;
  end(partition: number): void;
}

export function openAlarm(logger: Logger): Alarm {
  const raised = new Map<number, string>();
  return {
    raise(partition, what) {
      const level = raised.get(partition) === what ? 'debug' : 'error';
      raised.set(partition, what);
      logger[level]({ partition }, `${what}. Run: fleetmeter replay`);
    },
    end(partition) {
      raised.delete(partition);
    },
  };
}
