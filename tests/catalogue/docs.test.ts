import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_FAMILIES } from '../../services/catalogue/families';
import { withBridgeMetrics, withCatalogue } from '../support/metrics-docs';

const read = (name: string): string => readFileSync(join(__dirname, '../../docs/reference', name), 'utf8');
const page = read('metrics.md');

test('docs/reference/metrics.md says what the catalogue says (else: npm run metrics-docs)', () => {
  expect(page).toBe(withCatalogue(page));
});

test('docs/reference/bridge.md says what a bridge registers (else: npm run metrics-docs)', () => {
  const bridge = read('bridge.md');
  expect(bridge).toBe(withBridgeMetrics(bridge));
});

test('it lists each family once', () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+)\b/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(listed.sort()).toEqual(PAGE_FAMILIES.map(({ name, type }) => `${name} ${type}`).sort());
});

test('a page without a place for the tables is refused', () => {
  expect(() => withCatalogue('# Metrics\n')).toThrow('begin catalogue');
});
