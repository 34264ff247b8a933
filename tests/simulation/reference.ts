/** The log folded in one go by one owner whom nothing befalls: what every run must come to. */
import { closeBatch } from '../../services/partition/commit';
import { openPartition, type Partition } from '../../services/partition/partition';
import { takeRecord } from '../../services/partition/intake';
import { decodeFoldHead } from '../../services/view/fold-head';
import { HOLD } from '../../services/view/entries';
import { writePage } from '../../services/page/page';
import { WHOLE_PAGE } from '../../services/page/selection';
import type { LedgerSettings } from '../../services/fold/ledger';
import type { AppendRecord, LogRecord } from '../../services/log/port';
import type { LogServer } from './log-server';
import { GENERATION, type StoredPartition } from './store-server';

export interface Reference {
  /** How the committed state differs from the log's; empty: it does not. */
  differencesOf(stored: readonly StoredPartition[]): string[];
  pageAt(atMs: number): string;
  /** Records that were passed, and of which no copy is on the log. */
  missingCopies(): string[];
}

export function foldPlainly(
  log: LogServer,
  stored: readonly StoredPartition[],
  settings: LedgerSettings,
): Reference {
  const forwards: AppendRecord[] = [];
  const folded = stored.map(({ last }, number) => {
    const partition = empty(number, settings);
    for (const topic of ['lifecycle', 'telemetry'] as const) {
      for (const record of log.records(topic, number, 0, last?.head.positions[topic] ?? 0)) {
        const { forward } = takeRecord(partition, topic, record, log.partitions);
        if (forward !== undefined) forwards.push(forward);
      }
    }
    return { partition, batch: closeBatch(partition, last?.head.pageTimeMs ?? 0) };
  });

  return {
    differencesOf: () =>
      folded.flatMap(({ partition, batch }, number) => {
        const state = stored[number]!;
        const expected = { shown: new Map<string, string>(), kept: new Map<string, string>() };
        for (const { space, key, value } of batch.changes)
          if (value !== null) expected[space].set(key, value);
        const shown = new Map([...state.shown].filter(([key]) => !key.startsWith(HOLD.prefix)));
        return [
          ...unlike(`${number} shown`, expected.shown, shown),
          ...unlike(`${number} kept`, expected.kept, state.kept),
          ...scalars(number, partition, state),
        ];
      }),
    pageAt(atMs) {
      const views = folded.map(({ partition }) => partition.view);
      const { sampleTtlMs } = settings;
      return [...writePage(views, { format: 'text', atMs, sampleTtlMs, selection: WHOLE_PAGE })].join('');
    },
    missingCopies: () =>
      forwards
        .filter(({ topic, partition, key, value }) => {
          const isCopy = (copy: LogRecord): boolean =>
            topic === 'dead-letter' ? copy.key?.toString() === key : copy.value?.equals(value) === true;
          return !log.records(topic, partition, 0, Infinity, true).some(isCopy);
        })
        .map(({ topic, partition, key }) => `no copy on ${topic} ${partition} of ${key}`),
  };
}

function empty(number: number, settings: LedgerSettings): Partition {
  const acquired = {
    kind: 'acquired',
    generation: GENERATION,
    epoch: 1,
    counter: 0,
    head: null,
    behind: false,
  } as const;
  return openPartition(number, acquired, null, settings);
}

function scalars(number: number, partition: Partition, { last }: StoredPartition): string[] {
  const stored = last === null ? null : JSON.stringify(decodeFoldHead(last.head.fold).scalars);
  const expected = JSON.stringify(partition.ledger.scalars);
  return stored === null || stored === expected
    ? []
    : [`${number} scalars: expected ${expected}, stored ${stored}`];
}

function unlike(
  what: string,
  expected: ReadonlyMap<string, string>,
  stored: ReadonlyMap<string, string>,
): string[] {
  const keys = new Set([...expected.keys(), ...stored.keys()]);
  return [...keys]
    .filter((key) => expected.get(key) !== stored.get(key))
    .map(
      (key) => `${what} ${key}: expected ${expected.get(key) ?? 'none'}, stored ${stored.get(key) ?? 'none'}`,
    );
}
