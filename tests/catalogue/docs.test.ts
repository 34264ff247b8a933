import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_FAMILIES } from '../../services/catalogue/families';
import { withCatalogue } from '../support/metrics-docs';

const page = readFileSync(join(__dirname, '../../docs/reference/metrics.md'), 'utf8');

test('docs/reference/metrics.md says what the catalogue says (else: npm run metrics-docs)', () => {
  expect(page).toBe(withCatalogue(page));
});

test('it lists each family once', () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+)\b/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(listed.sort()).toEqual(PAGE_FAMILIES.map(({ name, type }) => `${name} ${type}`).sort());
});

test('a page without a place for the tables is refused', () => {
  expect(() => withCatalogue('# Metrics\n')).toThrow('begin catalogue');
});
