/** Python's own parsers of both formats, from the package `prometheus_client`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Format } from '../../services/page/format';

const PACKAGE = 'prometheus_client';
const VERSION = '0.26.0';
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
  const { status, stdout, stderr } = python(['-c', PARSE], provideParsers(), JSON.stringify(pages));
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return JSON.parse(stdout, (key, value: unknown) =>
    key === '2' && typeof value === 'string' ? numberOf(value) : value,
  ) as Parsed[];
}

/** JSON has no infinities and no NaN, so that numbers come as Python writes them. */
function numberOf(written: string): number {
  return Number(written.replace('inf', 'Infinity'));
}

function python(args: readonly string[], folder: string, input = '') {
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
  return spawnSync('python3', args, { input, env, encoding: 'utf8', maxBuffer: 2 ** 30 });
}

/** The folder of the package, installed where it isn't there yet. */
function provideParsers(): string {
  const folder = join(CACHE, `${PACKAGE}-${VERSION}`);
  if (existsSync(folder) || python(['-c', `import ${PACKAGE}`], folder).status === 0) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, `${PACKAGE}-`));
  const { status, stderr } = python(
    ['-m', 'pip', 'install', '--quiet', '--target', fresh, `${PACKAGE}==${VERSION}`],
    '',
  );
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const how = `python3 -m pip install ${PACKAGE} (Debian: apt-get install python3-prometheus-client)`;
    throw new Error(`Python has no ${PACKAGE}, and pip could not install it. Install it: ${how}\n${stderr}`);
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
