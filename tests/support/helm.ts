/** The chart, and the plain manifests that are made from it. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const CHART = resolve(__dirname, '../../docs/deploy/helm/fleetmeter');
/** What the manifests are checked against. */
export const KUBERNETES = '1.34.0';
const RELEASE = 'fleetmeter';

/** `helm template` of the chart with these values. */
export async function template(helm: string, ...options: readonly string[]): Promise<string> {
  // A helm built by `go install` takes the cluster for a very old one.
  const args = ['template', RELEASE, CHART, '--namespace', RELEASE, '--kube-version', KUBERNETES, ...options];
  const { stdout } = await run(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** File name under docs/deploy/kubernetes to text. */
export async function plainManifests(helm: string): Promise<ReadonlyMap<string, string>> {
  const monitoring = ['--set', 'monitoring.enabled=true', '--show-only', 'templates/monitoring.yaml'];
  return new Map([
    ['fleetmeter.yaml', plain(await template(helm))],
    ['monitoring.yaml', plain(await template(helm, ...monitoring))],
  ]);
}

const HEADER = `# Made from docs/deploy/helm/fleetmeter by \`npm run manifests\`: docs/how-to/kubernetes.md says what to put in and how to apply it.
# The secrets fleetmeter-ingest and fleetmeter-redis are yours to make.
`;

/** Nothing of Helm's own: what is applied by hand is not managed by it, and has no hooks. */
function plain(text: string): string {
  const documents = text
    .split(/^---\n/m)
    .map((document) =>
      document
        .replace(/^# Source: .*\n/gm, '')
        .replace(/^ +(?:helm\.sh\/|app\.kubernetes\.io\/managed-by:).*\n/gm, '')
        .replace(/^ +annotations:\n(?: +#.*\n)*(?= {0,2}\S)/gm, '')
        .trim(),
    )
    .filter((document) => document !== '');
  return `${HEADER}${documents.map((document) => `---\n${document}\n`).join('')}`;
}
