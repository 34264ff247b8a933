/**
 * Packages of Python that judge what we write: its own parsers of both page formats, FOCUS' validator,
 * Kubernetes' schemas, Schemathesis.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Format } from '../../services/page/format';

const PARSERS = { module: 'prometheus_client', version: '0.26.0', with: [] };
const FOCUS = { module: 'focus_validator', version: '1.0.0', with: ['multimethod<2'] };
const SCHEMAS = { module: 'kubernetes_validate', version: '1.37.0', with: [] };
const SCHEMA_FILES = [
  '_definitions',
  'configmap-v1',
  'deployment-apps-v1',
  'job-batch-v1',
  'networkpolicy-networking-v1',
  'poddisruptionbudget-policy-v1',
  'service-v1',
];
const SCHEMATHESIS = { module: 'schemathesis', version: '4.32.5', with: [] };
const CACHE = join(__dirname, '../../node_modules/.cache');

const PARSE = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as text
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
answers = []
for page in json.load(sys.stdin):
    parse = openmetrics if page["format"] == "openmetrics" else text
    try:
        samples = [sample for family in parse(page["page"]) for sample in family.samples]
        answers.append({"series": [[s.name, list(s.labels.items()), repr(float(s.value))] for s in samples]})
    except Exception as error:
        answers.append({"refused": repr(error)})
json.dump(answers, sys.stdout)
`;

export type Parsed =
  | {
      readonly series: readonly (readonly [
        name: string,
        labels: readonly [string, string][],
        value: number,
      ])[];
    }
  | { readonly refused: string };

/** Reads pages with the parsers; all in one go, since Python takes its time to start. */
export function parseWithPython(
  pages: readonly { readonly format: Format; readonly page: string }[],
): Parsed[] {
  const { status, stdout, stderr } = python(['-c', PARSE], provideModule(PARSERS), JSON.stringify(pages));
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return JSON.parse(stdout, (key, value: unknown) =>
    key === '2' && typeof value === 'string' ? numberOf(value) : value,
  ) as Parsed[];
}

/** JSON has no infinities and no NaN, so that numbers come as Python writes them. */
function numberOf(written: string): number {
  return Number(written.replace('inf', 'Infinity'));
}

function python(args: readonly string[], folder: string, input = '', cwd = '.') {
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
  return spawnSync('python3', args, { input, env, cwd, encoding: 'utf8', maxBuffer: 2 ** 30 });
}

/** What FOCUS' validator says of a CSV file of FOCUS 1.0; its exit status is 0 whatever it finds. */
export function validateFocus(path: string): string {
  const folder = provideModule(FOCUS);
  const args = ['-m', 'focus_validator.main', '--data-file', path, '--validate-version', '1.0'];
  // It reads its list of currencies from where it runs.
  const { stdout, stderr } = python(args, folder, '', folder);
  return stdout + stderr;
}

/**
 * Kubernetes' JSON Schemas of that version, of the strict kind, in `folder`, as kubeconform looks for them.
 * Returns the folder.
 */
export function kubernetesSchemas(version: string, folder: string): string {
  const where = ['-c', `import ${SCHEMAS.module} as found; print(found.__path__[0])`];
  const { stdout } = python(where, provideModule(SCHEMAS));
  const from = join(stdout.trim(), 'kubernetes-json-schema', `v${version}-local-strict`);
  mkdirSync(folder, { recursive: true });
  for (const name of SCHEMA_FILES) {
    // They refer to each other by a path of their publisher's.
    const text = readFileSync(join(from, `${name}.json`), 'utf8').replaceAll(
      '"/api/_definitions.json',
      `"file://${folder}/_definitions.json`,
    );
    writeFileSync(join(folder, `${name}.json`), text);
  }
  return folder;
}

/**
 * What Schemathesis finds by sending what an OpenAPI document allows, and what it does not, to a server;
 * status 0: nothing.
 */
export function runSchemathesis(
  document: string,
  url: string,
  cases: number,
): { readonly status: number | null; readonly output: string } {
  const checks = [
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_schema_conformance',
    'response_headers_conformance',
  ];
  const args = ['-m', 'schemathesis.cli', 'run', document, '--url', url, '--checks', checks.join(',')];
  const how = ['--phases', 'coverage,fuzzing', '--max-examples', String(cases), '--seed', '1', '--no-color'];
  const { status, stdout, stderr } = python([...args, ...how], provideModule(SCHEMATHESIS), '', tmpdir());
  return { status, output: stdout + stderr };
}

interface PythonModule {
  /** Its package has the same name. */
  readonly module: string;
  readonly version: string;
  /** What pip must be told to install beside it. */
  readonly with: readonly string[];
}

/** The folder of a module, installed where it isn't there yet. */
function provideModule({ module, version, with: beside }: PythonModule): string {
  const folder = join(CACHE, `${module}-${version}`);
  if (existsSync(folder) || python(['-c', `import ${module}`], folder).status === 0) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, `${module}-`));
  const packages = [`${module}==${version}`, ...beside];
  const { status, stderr } = python(['-m', 'pip', 'install', '--quiet', '--target', fresh, ...packages], '');
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const how = `python3 -m pip install ${packages.join(' ')}`;
    throw new Error(`Python has no ${module}, and pip could not install it. Install it: ${how}\n${stderr}`);
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another suite, in a process of its own, was sooner.
    if (!existsSync(folder)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
