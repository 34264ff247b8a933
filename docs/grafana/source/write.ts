import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './index';

/** `npm run dashboards` writes docs/grafana/dashboards, and removes what is no dashboard any more. */
const folder = join(__dirname, '../dashboards');
const files = dashboardFiles();

mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) rmSync(join(folder, file));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
process.stdout.write(`${files.size} dashboards in ${folder}\n`);
