import { openEntities } from '../../history/entities';
import { dollarsText } from '../../report/amount';
import { amountOf, budgetName, columnsFor, spentOf } from '../../report/budget';
import type { Budget } from '../../report/budget';
import { budgetRules } from '../../report/budget-rules';
import { openCostReport } from '../../report/cost';
import { monthText, nextMonth, spansOf } from '../../report/span';
import { readBudgetFile } from '../budget-file';
import { EVENTS_OPTION, examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { CommandError, EXIT } from '../exit';
import { judgeHistory } from '../history';
import type { HistorySource } from '../history';
import { printable } from '../printable';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';
import { counted, table } from '../table';
import { writeAll } from '../write';

export const addBudgets: AddCommand = (program, settings) => {
  const budgets = program
    .command('budgets')
    .description('what a month may cost, of a project, a user or a tag');
  budgets
    .command('rules')
    .description('Prometheus rules of them, for the alerts FleetBudgetSpent and FleetBudgetBurning')
    .argument('<file>', BUDGET_FILE)
    .addHelpText('after', examples('fleetmeter budgets rules budgets.yml > rules/budgets.yml'))
    .action((file: string) => printRules(file));
  budgets
    .command('check')
    .description('what was spent of them, from the log; exit code 1 where it is more than one has')
    .argument('<file>', BUDGET_FILE)
    .option(...EVENTS_OPTION)
    .addHelpText(
      'after',
      examples(
        'fleetmeter budgets check budgets.yml',
        'fleetmeter budgets check budgets.yml --events fleet.ndjson',
      ),
    )
    .action((file: string, source: HistorySource) => check(file, source, settings('log')));
};

const BUDGET_FILE = 'YAML or JSON: a list of {project, user, tag: {NAME: text}, month: YYYY-MM, dollars}';

/** `budgets rules`: prints a rule file for Prometheus. What it can't tell of is said on standard error. */
async function printRules(path: string): Promise<void> {
  const budgets = readBudgetFile(path);
  for (const budget of budgets.filter(({ of }) => of.tag !== undefined))
    process.stderr.write(
      `left out: ${printable(budgetName(budget))}: tags are no labels; see budgets check\n`,
    );
  await writeAll([budgetRules(budgets)]);
}

/** `budgets check`: what was spent of each, as `cost` has it. */
async function check(path: string, source: HistorySource, settings: Settings): Promise<void> {
  const budgets = readBudgetFile(path);
  const nowMs = Date.now();
  const months = budgets.map(({ monthMs }) => monthMs);
  const fromMs = Math.min(...months);
  const toMs = Math.max(fromMs, Math.min(nowMs, nextMonth(Math.max(...months))));
  const columns = columnsFor(budgets);
  const report = openCostReport(spansOf(fromMs, toMs, columns), columns, null);
  const fold = openEntities(ledgerSettings(settings), settings.partitions, fromMs, (entity) => {
    report.add(entity);
  });
  await judgeHistory(source, settings, fold);
  fold.finish();
  const { rows } = report.finish();
  const states = budgets.map((budget) => ({ budget, spent: spentOf(budget, columns, rows) }));
  await writeAll([
    table(
      [
        ['month', 'budget', 'dollars', 'spent_dollars', 'spent'],
        ...states.map(({ budget, spent }) => [
          monthText({ fromMs: budget.monthMs, toMs: budget.monthMs }),
          printable(budgetName(budget)),
          (budget.cents / 100).toFixed(2),
          dollarsText(spent),
          `${percentOf(budget, spent.nanoDollars)} %`,
        ]),
      ],
      3,
    ),
  ]);
  const over = states.filter(({ budget, spent }) => spent.nanoDollars > amountOf(budget).nanoDollars).length;
  if (over > 0) throw new CommandError(EXIT.no, `${counted(over, 'budget is', 'budgets are')} spent`);
}

function percentOf(budget: Budget, nanoDollars: bigint): string {
  return ((Number(nanoDollars) / Number(amountOf(budget).nanoDollars)) * 100).toFixed(1);
}
