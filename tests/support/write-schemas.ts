import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemas } from '../../events/schemas';

/** `npm run schemas` writes docs/reference/schemas/TYPE.json, and removes what no event type stands for any more. */
const folder = join(__dirname, '../../docs/reference/schemas');
const schemas = jsonSchemas();

mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) rmSync(join(folder, file));
for (const [type, schema] of schemas) {
  writeFileSync(join(folder, `${type}.json`), JSON.stringify(schema, null, 2) + '\n');
}
console.log(`${schemas.size} schemas in ${folder}`);
