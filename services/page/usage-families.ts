import type { JobSampled } from '../../events/sample';
import { JOB_LABELS } from '../catalogue/job';
import { USAGE_FAMILIES } from '../catalogue/usage';
import type { UsageFamily } from '../catalogue/usage';
import type { DescribedJob } from '../catalogue/job';
import { isYoung, usageSampleKey } from '../fold/sample';
import type { Sample } from '../fold/sample';
import type { Block } from './block';
import type { Bucket, KeptUsage, PageEntity } from './bucket';
import { bucketsOf, slotsOf } from './contents';
import type { PageContents } from './contents';
import { formatLabels, formatValue } from './format';
import { keptPieces } from './kept-lines';
import type { KeptFamily } from './kept-lines';
import { hasAllProjects, inProject } from './selection';

/** Families of a job's latest usage sample: its lines stay the same until the next one. */
export function* usageBlocks(contents: PageContents): Generator<Block> {
  for (const [at, family] of USAGE_FAMILIES.entries()) {
    const slotOf = slotsOf(contents, family.name);
    yield {
      ...family,
      pieces: keptPieces(bucketsOf(contents, 'job'), keptFamily(contents, family, at), slotOf),
    };
  }
}

function keptFamily(contents: PageContents, family: UsageFamily, at: number): KeptFamily {
  const { selection, sampleTtlMs, timeOf, views } = contents;
  const latestMs = Math.max(...views.map(timeOf));
  /** As long as all of its samples are young enough, and all projects are asked for. */
  const keptOf = (bucket: Bucket): KeptUsage | undefined => {
    const kept = (bucket.lines.usage ??= keepUsage(bucket));
    return hasAllProjects(selection) && latestMs - kept.oldestMs <= sampleTtlMs ? kept : undefined;
  };
  return {
    linesOf: (bucket) =>
      keptOf(bucket)?.lines[at] ?? Buffer.from([...youngLines(contents, bucket, family)].join('')),
    move(bucket, lines) {
      const kept = keptOf(bucket);
      if (kept !== undefined) kept.lines[at] = lines;
    },
  };
}

function keepUsage({ entities }: Bucket): KeptUsage {
  const sampled = entities.flatMap(sampledOf);
  return {
    lines: USAGE_FAMILIES.map((family) => Buffer.from([...usageLines(sampled, family)].join(''))),
    oldestMs: Math.min(...sampled.map(({ sample }) => sample.timeMs)),
  };
}

function youngLines(
  { selection, sampleTtlMs, timeOf }: PageContents,
  bucket: Bucket,
  family: UsageFamily,
): Iterable<string> {
  const young = bucket.entities
    .filter(({ entity }) => inProject(selection, entity.project))
    .flatMap(sampledOf)
    .filter(({ sample, one }) => isYoung(sample, timeOf(one.partition), sampleTtlMs));
  return usageLines(young, family);
}

interface Sampled {
  readonly one: PageEntity;
  readonly job: DescribedJob;
  readonly sample: Sample;
  readonly usage: JobSampled;
  readonly labels: string;
}

function sampledOf(one: PageEntity): readonly Sampled[] {
  const { entity: job, partition } = one;
  if (job.kind !== 'job') return [];
  const sample = partition.samples.get(usageSampleKey(one.key));
  if (sample?.reading.kind !== 'usage') return [];
  return [{ one, job, sample, usage: sample.reading.usage, labels: formatLabels(JOB_LABELS, job.labels) }];
}

function* usageLines(sampled: readonly Sampled[], family: UsageFamily): Generator<string> {
  const extraNames = family.labels.slice(JOB_LABELS.length);
  for (const { job, usage, labels } of sampled) {
    for (const [extra, value] of family.seriesOf(job, usage)) {
      const all = extra.length === 0 ? labels : `${labels},${formatLabels(extraNames, extra)}`;
      yield `${family.name}{${all}} ${formatValue(value)}\n`;
    }
  }
}
