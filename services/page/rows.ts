import type { GpuSampled } from '../../events/sample';
import { uuidLabels } from '../catalogue/gpu-vendors';
import { isComposite, isReserved } from '../exposition/passed';
import { shownText } from '../fold/fact';
import type { Sample } from '../fold/sample';
import { gpuNames, lookUp } from './attribution';
import type { GpuNames } from './attribution';
import { BEARER_LABELS } from './bearer';
import type { Bearer } from './bearer';
import { escapeLabel } from './format';
import type { Count, LeftOutOfPage } from './left-out';

/** One value that an exporter reports about a GPU, with whose it is. */
export interface Row extends RowPlace {
  readonly bearer: Bearer;
  readonly sample: Sample;
  readonly name: string;
  readonly value: number;
  readonly labels: RowLabels;
}

/** Its place among the bearer's. */
export interface RowPlace {
  readonly exporter: string;
  /** 0: the bearer's own sample; 1: the instance's, given to a job or to the instance itself. */
  readonly via: 0 | 1;
  /** Of its series in the sample. */
  readonly index: number;
}

/** Made once for all values of a sample's series. */
export interface RowLabels {
  /** As the exporter has them. */
  readonly exporters: Readonly<Record<string, string>>;
  /** The text between the braces. */
  readonly text: string;
  /** Identifies a series: labels in order of name, without empty ones, as Prometheus sees them. */
  readonly identity: string;
}

/**
 * `__name__` is the family's name to Prometheus: as an additional label, it makes Prometheus reject the whole
 * page.
 */
const LABEL_NAME = /^(?!__name__$)[a-zA-Z_][a-zA-Z0-9_]*$/;
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/**
 * All values of a sample that can be on the page, each with its bearer; those for which `bearerFor` returns
 * none are nobody's.
 */
export function addRows(
  rows: Row[],
  sample: Sample,
  via: 0 | 1,
  bearerFor: (names: GpuNames) => Bearer | undefined,
  count: Count,
): void {
  const { reading } = sample;
  if (reading.kind !== 'gpu') return;
  const { exporter, gpu } = reading;
  const judge = judgeOf(exporter, gpu.families);
  for (const [index, series] of gpu.series.entries()) {
    if (!Object.keys(series.labels).every((name) => LABEL_NAME.test(name))) {
      count('invalid_label', Object.keys(series.values).length);
      continue;
    }
    const borne = new Map<readonly string[], Borne | undefined>();
    for (const name of Object.keys(series.values)) {
      const value = series.values[name];
      if (value == null) continue;
      const { named, cause, isDcgm } = judge(name);
      if (!borne.has(named)) borne.set(named, borneBy(bearerFor(gpuNames(series.labels, named)), series));
      const by = borne.get(named);
      if (by === undefined) continue;
      if (cause !== undefined) count(cause);
      else if (!isDcgm || !isBlank(name, value)) {
        const { bearer, labels } = by;
        rows.push({ bearer, sample, exporter, via, index, name, value, labels });
      }
    }
  }
}

interface Judged {
  /** The labels that name the GPU. */
  readonly named: readonly string[];
  readonly cause: LeftOutOfPage | undefined;
  readonly isDcgm: boolean;
}

/** What there is to know about a family's name: each is in many series of a sample, but is checked once. */
function judgeOf(
  exporter: string,
  families: Readonly<Record<string, { readonly type: string }>>,
): (name: string) => Judged {
  const judged = new Map<string, Judged>();
  return (name) => {
    const known = judged.get(name);
    if (known !== undefined) return known;
    const named = uuidLabels(exporter, name);
    const made = { named, cause: nameFault(name, families), isDcgm: name.startsWith('DCGM_') };
    judged.set(name, made);
    return made;
  };
}

/**
 * The first of the rows of one bearer that are alike: by exporter, then a job's own sample, then by row. In
 * this order, too.
 */
export function distinct(rows: readonly Row[], count: Count): Row[] {
  // By labels, then names: a GPU's many values share one text, which is compared once.
  const seen = new Map<string, Set<string>>();
  return rows.toSorted(compareRows).filter(({ name, labels: { identity } }) => {
    const named = seen.get(identity) ?? new Set<string>();
    seen.set(identity, named);
    if (!named.has(name)) return named.add(name);
    count('alike');
    return false;
  });
}

export function compareRows(a: RowPlace, b: RowPlace): number {
  return (
    (a.exporter < b.exporter ? -1 : a.exporter > b.exporter ? 1 : 0) || a.via - b.via || a.index - b.index
  );
}

type Borne = Pick<Row, 'bearer' | 'labels'>;

function borneBy(
  bearer: Bearer | undefined,
  series: Pick<GpuSampled['series'][number], 'labels'>,
): Borne | undefined {
  return bearer && { bearer, labels: mergeLabels(series.labels, bearer) };
}

/** The exporter's labels first, then the bearer's, which win on a clash. */
function mergeLabels(labels: Readonly<Record<string, string>>, bearer: Bearer): RowLabels {
  const names = BEARER_LABELS[bearer.kind];
  const exporters = Object.entries(labels).filter(([name]) => !names.includes(name));
  const ours = names.map((name, i) => [name, bearer.labels[i] ?? ''] as const);
  // Lone surrogates are all written the same: labels that differ only in them are one series.
  const pairs = [...exporters, ...ours].map(([name, value]) => [name, shownText(value)] as const);
  return {
    exporters: labels,
    text: pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(),
    identity: pairs
      .filter(([, value]) => value !== '')
      .map((pair) => JSON.stringify(pair))
      .sort()
      .join(),
  };
}

function nameFault(
  name: string,
  families: Readonly<Record<string, { readonly type: string }>>,
): LeftOutOfPage | undefined {
  if (isReserved(name)) return 'reserved_name';
  if (!METRIC_NAME.test(name)) return 'invalid_name';
  return isComposite(name, (family) => lookUp(families, family)?.type) ? 'composite' : undefined;
}

/**
 * DCGM's values for "blank", "not found", "not supported", "no permission" (dcgm_structs.h), compared as
 * doubles.
 */
function isBlank(name: string, value: number): boolean {
  return (
    (value >= 2147483632 && value <= 2147483635) ||
    (value >= 140737488355328 && value <= 140737488355331) ||
    value >= 2 ** 63 ||
    (name === 'DCGM_FI_DEV_GPU_UTIL' && value === 4294967295)
  );
}
