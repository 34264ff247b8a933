import type { AppendRecord, AppendResult, EventLog } from '../../../services/log/port';

/** A log in memory that can be away, or slow to acknowledge. */
export interface FakeLog extends Pick<EventLog, 'append' | 'partitions'> {
  readonly records: AppendRecord[];
  /** Their values, parsed. */
  events(): Record<string, unknown>[];
  setAway(away: boolean): void;
  /** From now on appends are held back, until release(). */
  hold(): void;
  release(): void;
  /** Appends that are held back. */
  held(): number;
}

export function fakeLog(partitions = 8): FakeLog {
  const records: AppendRecord[] = [];
  const waiting: (() => void)[] = [];
  let away = false;
  let holding = false;
  return {
    partitions,
    records,
    async append(added): Promise<AppendResult> {
      if (holding) await new Promise<void>((resolve) => waiting.push(resolve));
      if (away) return { kind: 'unavailable', detail: 'no broker answers' };
      records.push(...added);
      return { kind: 'appended' };
    },
    events: () => records.map(({ value }) => JSON.parse(value.toString()) as Record<string, unknown>),
    setAway: (now) => (away = now),
    hold: () => (holding = true),
    release() {
      holding = false;
      for (const resume of waiting.splice(0)) resume();
    },
    held: () => waiting.length,
  };
}
