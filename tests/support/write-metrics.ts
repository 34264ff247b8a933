import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withBridgeMetrics, withCatalogue } from './metrics-docs';

/** `npm run metrics-docs` writes the tables of metrics into docs/reference. */
const folder = join(__dirname, '../../docs/reference');

for (const [name, write] of [
  ['metrics.md', withCatalogue],
  ['bridge.md', withBridgeMetrics],
] as const) {
  const file = join(folder, name);
  writeFileSync(file, write(readFileSync(file, 'utf8')));
  console.log(`the tables are in ${file}`);
}
