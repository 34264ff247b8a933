import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemas } from '../../events/schemas';
import { interfaceFiles } from './interfaces/index';

/**
 * `npm run schemas` writes docs/reference/schemas/TYPE.json, docs/reference/api/openapi.json and
 * asyncapi.json, and removes what no event type stands for any more.
 */
const reference = join(__dirname, '../../docs/reference');
const schemas = [...jsonSchemas()].map(
  ([type, schema]) => [`${type}.json`, `${JSON.stringify(schema, null, 2)}\n`] as const,
);

write('schemas', new Map(schemas));
write('api', interfaceFiles());

function write(name: string, files: ReadonlyMap<string, string>): void {
  const folder = join(reference, name);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
  console.log(`${files.size} files in ${folder}`);
}
