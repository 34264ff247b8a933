import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GPU_FAMILIES } from '../../services/catalogue/gpu';
import { OWN_FAMILIES, SUM_FAMILIES } from '../../services/catalogue/index';
import { HELD, PAGE_TIMESTAMP, SOURCE_TIMESTAMP } from '../../services/catalogue/page';
import { USAGE_FAMILIES } from '../../services/catalogue/usage';
import { withCatalogue } from '../support/metrics-docs';

const page = readFileSync(join(__dirname, '../../docs/reference/metrics.md'), 'utf8');

test('docs/reference/metrics.md says what the catalogue says (else: npm run metrics-docs)', () => {
  expect(page).toBe(withCatalogue(page));
});

test('it lists each family once', () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+)\b/gm)].map(([, name, type]) => `${name} ${type}`);
  const families = [
    ...OWN_FAMILIES,
    ...SUM_FAMILIES.values(),
    ...USAGE_FAMILIES,
    ...GPU_FAMILIES,
    HELD,
    PAGE_TIMESTAMP,
    SOURCE_TIMESTAMP,
  ];
  expect(listed.sort()).toEqual(families.map(({ name, type }) => `${name} ${type}`).sort());
});

test('a page without a place for the tables is refused', () => {
  expect(() => withCatalogue('# Metrics\n')).toThrow('begin catalogue');
});
