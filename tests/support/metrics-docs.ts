/**
 * The tables of docs/reference/metrics.md, from the catalogue, and of docs/reference/bridge.md, from what a
 * bridge registers.
 */
import { openBridgeMetrics } from '../../services/bridge/metrics';
import { GPU_FAMILIES, GPU_LABELS } from '../../services/catalogue/gpu';
import { INSTANCE, INSTANCE_LABELS } from '../../services/catalogue/instance';
import { JOB, JOB_LABELS } from '../../services/catalogue/job';
import {
  HELD,
  ORPHANED_JOBS,
  PAGE_TIMESTAMP,
  SOURCE_TIMESTAMP,
} from '../../services/catalogue/page-families';
import { RUN } from '../../services/catalogue/run';
import { USAGE_FAMILIES } from '../../services/catalogue/usage';
import { VOLUME, VOLUME_LABELS } from '../../services/catalogue/volume';

interface Listed {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly bounds?: readonly number[];
}

interface Section {
  readonly title: string;
  readonly about: string;
  /** Labels that the section's families share: said once, as `theirs`. */
  readonly shared?: { readonly labels: readonly string[]; readonly theirs: string };
  readonly families: readonly Listed[];
}

const SECTIONS: readonly Section[] = [
  {
    title: 'Instances',
    about: 'One series for each instance, while it is provisioning, idle, busy or terminating.',
    shared: { labels: INSTANCE_LABELS, theirs: "the instance's" },
    families: INSTANCE.own,
  },
  {
    title: 'Jobs',
    about:
      'One series for each job, once it is provisioned, while it is provisioning, pulling, running or terminating.',
    shared: { labels: JOB_LABELS, theirs: "the job's" },
    families: JOB.own,
  },
  {
    title: 'Usage of jobs',
    about:
      "From the latest `job.sampled` of a job that is shown. What the sample lacks has no series; a GPU's number is its place in the sample.",
    shared: { labels: JOB_LABELS, theirs: "the job's" },
    families: USAGE_FAMILIES,
  },
  {
    title: 'GPUs of all vendors',
    about:
      "Made of what NVIDIA's, AMD's and Intel's exporters say of GPUs, the same for all. The labels of the job that the GPU is on come after, or the instance's.",
    families: GPU_FAMILIES.map((family) => ({ ...family, labels: GPU_LABELS })),
  },
  {
    title: 'Totals of jobs',
    about:
      'Exact, and staying when jobs end. Shown from 0 for each label set that has a job, but for the finish reasons: each is born at 1.',
    families: JOB.sums,
  },
  {
    title: 'Totals of instances',
    about: 'Exact, and staying when instances end. Shown from 0 for each label set that has an instance.',
    families: INSTANCE.sums,
  },
  {
    title: 'Totals of runs',
    about: 'Shown from 0 for each label set that has a run.',
    families: RUN.sums,
  },
  {
    title: 'Volumes',
    about: 'One series for each volume, from its creation to its deletion.',
    shared: { labels: VOLUME_LABELS, theirs: "the volume's" },
    families: VOLUME.own,
  },
  {
    title: 'Totals of volumes',
    about: 'Exact, and staying when volumes are deleted. Shown from 0 for each label set that has a volume.',
    families: VOLUME.sums,
  },
  {
    title: 'The page itself',
    about: 'What the figures are as of, and how far they are held.',
    families: [ORPHANED_JOBS, HELD, PAGE_TIMESTAMP, SOURCE_TIMESTAMP],
  },
];

const BEGIN = '<!-- begin catalogue -->\n';
const END = '<!-- end catalogue -->\n';

/**
 * docs/reference/metrics.md with its tables as the catalogue has them. Throws if the page has no place for
 * them.
 */
export function withCatalogue(page: string): string {
  return withTables(page, SECTIONS.map(sectionText).join('\n'));
}

/** docs/reference/bridge.md with the metrics that a bridge registers. */
export function withBridgeMetrics(page: string): string {
  const own = openBridgeMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith('fleetmeter_'));
  const families = own.map((metric) => ({ ...metric, type: String(metric.type), labels: labelsOf(metric) }));
  return withTables(page, tableText(families));
}

function labelsOf(metric: object): string[] {
  return 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];
}

function withTables(page: string, tables: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN.trim()} before ${END.trim()}`);
  return `${page.slice(0, from + BEGIN.length)}\n${tables}\n${page.slice(to)}`;
}

function sectionText({ title, about, shared, families }: Section): string {
  const labels = shared === undefined ? '' : ` Labels, in this order: ${listed(shared.labels)}.`;
  return [`## ${title}`, '', about + labels, '', tableText(families, shared)].join('\n');
}

function tableText(families: readonly Listed[], shared?: Section['shared']): string {
  const rows = families.map((family) => {
    const buckets = family.bounds === undefined ? '' : `; buckets ${family.bounds.join(', ')}`;
    const labels = labelsText(family.labels, shared);
    return `| \`${family.name}\` | ${family.type}${buckets} | ${labels} | ${family.help} |`;
  });
  return ['| name | type | labels | HELP |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function labelsText(labels: readonly string[], shared: Section['shared']): string {
  if (shared?.labels.every((label, at) => labels[at] === label) === true) {
    const more = labels.slice(shared.labels.length);
    return more.length === 0 ? shared.theirs : `${shared.theirs}, ${listed(more)}`;
  }
  return listed(labels);
}

function listed(labels: readonly string[]): string {
  return labels.map((label) => `\`${label}\``).join(', ');
}
