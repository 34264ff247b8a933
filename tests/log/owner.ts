import type { LogRecord, OwnedTopic, PartitionOwner, Positions } from '../../services/log/port';

export interface Delivered {
  readonly topic: OwnedTopic;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  readonly next: number;
  readonly atMs: number;
}

export interface WitnessOptions {
  /** Default: what was taken so far, 0 at first. */
  readonly begin?: (partition: number, attempt: number) => Positions | null;
  /** Default: takes all. */
  readonly records?: (delivered: Delivered) => number | 'lost' | Promise<number | 'lost'>;
}

/** An owner that takes what it is given, writes down every call, and fails where the log breaks a promise. */
export interface Witness {
  readonly owner: PartitionOwner;
  /** Every call of records(), taken or not. */
  readonly calls: readonly Delivered[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly diverged: readonly string[];
  /** What is broken of the log's side of the port. */
  readonly faults: readonly string[];
  position(topic: OwnedTopic, partition: number): number;
  /** Values taken, in order. */
  taken(topic: OwnedTopic, partition: number): string[];
}

export function openWitness(options: WitnessOptions = {}): Witness {
  const calls: Delivered[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  const diverged: string[] = [];
  const faults: string[] = [];
  const positions = new Map<string, number>();
  const values = new Map<string, string[]>();
  const busy = new Set<number>();
  const owned = new Set<number>();

  const nameOf = (topic: OwnedTopic, partition: number) => `${topic}/${partition}`;
  const position = (topic: OwnedTopic, partition: number) => positions.get(nameOf(topic, partition)) ?? 0;

  async function alone<T>(partition: number, act: () => Promise<T> | T): Promise<T> {
    if (busy.has(partition)) faults.push(`two calls at a time for partition ${partition}`);
    busy.add(partition);
    try {
      return await act();
    } finally {
      busy.delete(partition);
    }
  }

  const owner: PartitionOwner = {
    begin: (partition) =>
      alone(partition, () => {
        begins.push(partition);
        const attempt = begins.filter((each) => each === partition).length;
        const begun = options.begin
          ? options.begin(partition, attempt)
          : { lifecycle: position('lifecycle', partition), telemetry: position('telemetry', partition) };
        if (begun) {
          owned.add(partition);
          positions.set(nameOf('lifecycle', partition), begun.lifecycle);
          positions.set(nameOf('telemetry', partition), begun.telemetry);
        }
        return begun;
      }),
    records: (topic, partition, records, next) =>
      alone(partition, async () => {
        const name = nameOf(topic, partition);
        if (!owned.has(partition)) faults.push(`${name} delivered before begin() answered`);
        for (const record of records) {
          if (record.partition !== partition) faults.push(`${name} got a record of ${record.partition}`);
          if (record.offset < position(topic, partition)) faults.push(`${name} got ${record.offset} again`);
        }
        if (records.length > 1000) faults.push(`${records.length} records in one call`);
        const call = { topic, partition, records, next, atMs: performance.now() };
        calls.push(call);
        const answer = options.records ? await options.records(call) : records.length;
        if (answer === 'lost') {
          owned.delete(partition);
          return answer;
        }
        const taken = records.slice(0, answer);
        values.set(name, [...(values.get(name) ?? []), ...taken.map(({ value }) => value?.toString() ?? '')]);
        const last = taken.at(-1);
        if (answer === records.length) positions.set(name, next);
        else if (last) positions.set(name, last.offset + 1);
        return answer;
      }),
    end: (partition) =>
      alone(partition, () => {
        ends.push(partition);
        owned.delete(partition);
      }),
    diverged: (_partition, detail) => {
      diverged.push(detail);
    },
  };
  return {
    owner,
    calls,
    begins,
    ends,
    diverged,
    faults,
    position,
    taken: (topic, partition) => values.get(nameOf(topic, partition)) ?? [],
  };
}
