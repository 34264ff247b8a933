import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCatalogue } from './metrics-docs';

/** `npm run metrics-docs` writes the catalogue's tables into docs/reference/metrics.md. */
const file = join(__dirname, '../../docs/reference/metrics.md');

writeFileSync(file, withCatalogue(readFileSync(file, 'utf8')));
console.log(`the catalogue's tables are in ${file}`);
