/**
 * Every alert has a runbook that its annotation leads to, and a rule test in which it fires once and stays
 * silent once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { headings, readPage } from './pages';

const ROOT = resolve(__dirname, '../..');
const RULES = 'docs/prometheus/rules';
const RULE_TESTS = 'tests/docs/rules';
const RUNBOOKS = 'docs/runbooks';
const SEVERITIES = ['critical', 'warning', 'info'];

interface Rule {
  readonly alert?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface RuleTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

function readAll<T>(folder: string): T[] {
  return readdirSync(join(ROOT, folder)).map(
    (name) => parse(readFileSync(join(ROOT, folder, name), 'utf8')) as T,
  );
}

const alerts = readAll<{ groups: { rules: Rule[] }[] }>(RULES)
  .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
  .flatMap(({ alert, labels = {}, annotations = {} }) =>
    alert === undefined ? [] : [{ alert, labels, annotations }],
  );
const ruleTests = readAll<{ tests: { alert_rule_test?: RuleTest[] }[] }>(RULE_TESTS).flatMap(({ tests }) =>
  tests.flatMap(({ alert_rule_test: cases = [] }) => cases),
);

test.each(alerts)('$alert', ({ alert, labels, annotations }) => {
  expect(SEVERITIES).toContain(labels['severity']);
  expect(annotations).toEqual({
    summary: expect.any(String) as string,
    description: expect.any(String) as string,
    runbook_url: expect.stringMatching(new RegExp(`^https://.+/${RUNBOOKS}/${alert}\\.md$`)) as string,
  });
  expect(headings(readPage(`${RUNBOOKS}/${alert}.md`).text)).toEqual([
    alert,
    'Meaning',
    'Impact',
    'Diagnosis',
    'Mitigation',
  ]);
  const cases = ruleTests.filter(({ alertname }) => alertname === alert);
  expect(cases.some(({ exp_alerts: fired }) => fired.length > 0)).toBe(true);
  expect(cases.some(({ exp_alerts: fired }) => fired.length === 0)).toBe(true);
});

test('no runbook and no rule test is left of an alert that is gone', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  const pages = readdirSync(join(ROOT, RUNBOOKS)).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual(names.map((name) => `${name}.md`).sort());
  expect(ruleTests.filter(({ alertname }) => !names.includes(alertname))).toEqual([]);
});

test('the index lists each under its name', () => {
  const { text } = readPage(`${RUNBOOKS}/README.md`);
  expect(alerts.filter(({ alert }) => !text.includes(`| [${alert}](${alert}.md) |`))).toEqual([]);
});
