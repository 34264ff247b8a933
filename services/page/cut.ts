import type { KeptBearer } from './kept-passed';
import type { Count, LeftOutOfPage } from './left-out';
import { identityOf } from './odd-rows';
import { NO_SHAPE, passedOf } from './passed';
import type { Passed } from './passed';
import { compareRows } from './rows';
import type { Row } from './rows';

/** How many series may be passed through for one job or instance, and for one project. */
const LIMITS = { bearer: 20_000, project: 5_000_000 };

/**
 * Leaves out what can only be judged with the whole page at hand: X_total if X is there too, series of
 * different bearers that are alike, and what is above a limit. Usually that is nothing, and everything stays
 * as it was kept.
 */
export function cut(all: readonly KeptBearer[], count: Count, limits = LIMITS): readonly Passed[] {
  const totals = totalsBeside(all);
  const alike = alikeAcross(all);
  const rest = all.map((one) => {
    const isWhole = !alike.has(one) && (totals.size === 0 || !hasAnyOf(one.passed, totals));
    return isWhole ? one : without(one, (row) => causeOf(row, alike.get(one), totals), count);
  });
  return within(limits, rest, count);
}

function causeOf(
  row: Row,
  alike: ReadonlySet<string> | undefined,
  totals: ReadonlySet<string>,
): LeftOutOfPage | undefined {
  if (alike?.has(identityOf(row)) === true) return 'alike';
  return totals.has(row.name) ? 'total' : undefined;
}

/** The same bearer without the rows that have a cause. */
function without(
  { inputs, passed, odd, rows }: KeptBearer,
  causeFor: (row: Row, at: number) => LeftOutOfPage | undefined,
  count: Count,
): KeptBearer {
  const kept = rows().filter((row, at) => {
    const cause = causeFor(row, at);
    if (cause !== undefined) count(cause);
    return cause === undefined;
  });
  return { inputs, passed: passedOf(passed.bearer, kept, new Map(), NO_SHAPE), odd, rows: () => kept };
}

/** Families X_total for which X is on the page. */
function totalsBeside(all: readonly KeptBearer[]): ReadonlySet<string> {
  const names = new Set<string>();
  const shapes = new Set(all.map(({ passed }) => passed.shape));
  for (const { families } of shapes) for (const name of families.keys()) names.add(name);
  const isBeside = (name: string): boolean =>
    name.endsWith('_total') && names.has(name.slice(0, -'_total'.length));
  return new Set([...names].filter(isBeside));
}

function hasAnyOf({ shape }: Passed, names: ReadonlySet<string>): boolean {
  for (const name of names) if (shape.families.has(name)) return true;
  return false;
}

/**
 * Of odd rows that are alike, all but the first: by exporter, then a job's own sample, then by row, then by
 * bearer.
 */
function alikeAcross(all: readonly KeptBearer[]): Map<KeptBearer, Set<string>> {
  const later = new Map<KeptBearer, Set<string>>();
  const odd = all.filter((one) => one.odd.length > 0);
  if (odd.length < 2) return later;
  const seen = new Set<string>();
  const rows = odd.flatMap((one) => one.odd.map(({ identity, row }) => ({ one, identity, row })));
  for (const { one, identity } of rows.sort((a, b) => compareRows(a.row, b.row))) {
    if (seen.has(identity)) later.set(one, (later.get(one) ?? new Set()).add(identity));
    seen.add(identity);
  }
  return later;
}

/** Cuts what is above a limit: one whose exporter runs wild must not spoil the page for the others. */
function within(limits: typeof LIMITS, all: readonly KeptBearer[], count: Count): readonly Passed[] {
  const ofProject = new Map<string, number>();
  return all.map((one) => {
    const { bearer, values } = one.passed;
    const before = ofProject.get(bearer.project) ?? 0;
    const most = Math.min(limits.bearer, limits.project - before);
    ofProject.set(bearer.project, before + Math.min(most, values.length));
    if (values.length <= most) return one.passed;
    const cause = most === limits.bearer ? 'job_limit' : 'project_limit';
    return without(one, (_, at) => (at < most ? undefined : cause), count).passed;
  });
}
