/**
 * A naive reading of the contract, kept apart from the fold: every event is kept, every figure is computed
 * anew. It shares nothing with events/ or services/, so that it can judge them.
 */
import { openJudge, FUTURE_MS, type Verdict } from './judge';
import { pageOf } from './page';
import { read, type Fact, type Reason, type Sample } from './read';
import { latestSamples } from './samples';

/** Where a record stood on the live log; both topics have the same partitions. */
export interface LogPlace {
  readonly partition: number;
  readonly appendTimeMs: number;
}
export interface OracleOptions {
  readonly partitions: number;
  readonly latenessMs: number;
  readonly dedupeMs: number;
  readonly sampleTtlMs: number;
  /** The page as of this time, facts and samples later than it left out. */
  readonly atMs?: number;
  /**
   * The live page instead: page time of each partition. With neither, the page is as of the newest event
   * taken.
   */
  readonly pageTimes?: readonly number[];
  /** The live log instead of a file: where each line stood, in order of offset within a partition. */
  readonly places?: readonly LogPlace[];
}
export interface OraclePage {
  /** By `name{label="value",...}`, label values as JSON strings. */
  readonly series: ReadonlyMap<string, number>;
  readonly dead: readonly { readonly line: number; readonly reason: Reason }[];
  /** The oldest page time. */
  readonly pageTimeMs: number;
}

/**
 * Judges the records, each a line of NDJSON (blank lines of a file are none), and computes the ledger's page.
 */
export function foldNaively(lines: readonly string[], options: OracleOptions): OraclePage {
  const atMs = options.atMs ?? Infinity;
  const judge = openJudge(options);
  const samples: Sample[] = [];
  const sources = new Map<string, number>();
  const dead: { line: number; reason: Reason }[] = [];
  let newestMs: number | undefined;

  function judgeSample(sample: Sample, place: LogPlace | undefined): Verdict {
    if (place !== undefined && sample.timeMs > place.appendTimeMs + FUTURE_MS) return 'from_the_future';
    samples.push(sample);
    return 'taken';
  }
  function judgeFact(fact: Fact, place: LogPlace | undefined): Verdict {
    const verdict = judge.judge(fact, place?.appendTimeMs);
    if ((verdict === 'taken' || verdict === 'repeated') && fact.timeMs <= atMs) {
      sources.set(fact.source, Math.max(sources.get(fact.source) ?? fact.timeMs, fact.timeMs));
    }
    return verdict;
  }

  lines.forEach((line, index) => {
    const place = options.places?.[index];
    if (place === undefined && line.trim() === '') return;
    const reading = read(line, options.partitions);
    if (reading.what === 'refused') {
      dead.push({ line: index, reason: reading.reason });
      return;
    }
    // On another partition than its key's a record doesn't count: its copy on the right one does.
    if (place !== undefined && place.partition !== reading.partition) return;
    const verdict = reading.what === 'sample' ? judgeSample(reading, place) : judgeFact(reading, place);
    if (verdict === 'too_late' || verdict === 'from_the_future') dead.push({ line: index, reason: verdict });
    else newestMs = Math.max(newestMs ?? reading.timeMs, reading.timeMs);
  });

  const pageTimes = options.pageTimes;
  const pageTimeMs = pageTimes === undefined ? (options.atMs ?? newestMs ?? 0) : Math.min(...pageTimes);
  const pageTimeOf = (partition: number): number => pageTimes?.[partition] ?? pageTimeMs;
  const series = pageOf({
    entities: judge.entities(),
    samples: latestSamples(
      samples.filter((sample) => sample.timeMs <= atMs),
      { ttlMs: options.sampleTtlMs, pageTimeOf },
    ),
    sources,
    atMs,
    pageTimeOf,
    pageTimeMs,
  });
  return { series, dead, pageTimeMs };
}
