import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goProgram } from './go';
import { plainManifests } from './helm';

/**
 * `npm run manifests` writes docs/deploy/kubernetes from the chart, with the helm on PATH or one that it
 * builds.
 */
async function main(): Promise<void> {
  const folder = join(__dirname, '../../docs/deploy/kubernetes');
  const files = await plainManifests(await goProgram('helm'));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  console.log(`${files.size} files in ${folder}`);
}

void main();
