import { NOTHING, plus } from './amount';
import type { Amount } from './amount';
import type { Column } from './column';
import type { Row } from './rows';
import { nextMonth } from './span';

/** What jobs and volumes of a project, a user or a tag may cost in a month. */
export interface Budget {
  readonly of: BudgetOf;
  /** Its first moment, UTC. */
  readonly monthMs: number;
  readonly cents: number;
}

/** Jobs and volumes must fit all that is there, and something is. */
export interface BudgetOf {
  readonly project?: string;
  readonly user?: string;
  /** A run's tag; volumes have none. */
  readonly tag?: { readonly name: string; readonly text: string };
}

const NANO_DOLLARS_A_CENT = 10_000_000n;

export function amountOf({ cents }: Budget): Amount {
  return { ...NOTHING, nanoDollars: BigInt(cents) * NANO_DOLLARS_A_CENT };
}

/** `project research, tag team=vision`, for people. */
export function budgetName({ of: { project, user, tag } }: Budget): string {
  const parts = [
    project === undefined ? [] : [`project ${project}`],
    user === undefined ? [] : [`user ${user}`],
    tag === undefined ? [] : [`tag ${tag.name}=${tag.text}`],
  ];
  return parts.flat().join(', ');
}

/** The columns that a report needs, so that spentOf() can tell what belongs to which budget. */
export function columnsFor(budgets: readonly Budget[]): readonly Column[] {
  const tags = budgets.flatMap(({ of: { tag } }) => (tag === undefined ? [] : [columnOf(tag.name)]));
  return ['month', 'project', 'user', ...new Set(tags)];
}

function columnOf(tag: string): Column {
  return `tag:${tag}`;
}

export function spentOf({ of, monthMs }: Budget, columns: readonly Column[], rows: readonly Row[]): Amount {
  const wanted: readonly (readonly [Column, string | undefined])[] = [
    ['project', of.project],
    ['user', of.user],
    ...(of.tag === undefined ? [] : [[columnOf(of.tag.name), of.tag.text] as const]),
  ];
  return rows
    .filter(({ kind }) => kind === 'job' || kind === 'volume')
    .filter(({ span }) => span.fromMs >= monthMs && span.toMs <= nextMonth(monthMs))
    .filter(({ values }) =>
      wanted.every(([column, text]) => text === undefined || values[columns.indexOf(column)] === text),
    )
    .reduce((sum, { amount }) => plus(sum, amount), NOTHING);
}
