/**
 * The reader against the parsers' own corpora: OpenMetrics' (as the OpenTelemetry collector has them), the
 * pages and texts in the tests of prometheus/prometheus, prometheus/common and Python's prometheus_client,
 * and lines of the fuzz' inputs. Each page is read by Prometheus' own parsers too; what differs is listed by
 * cause. They are fetched (Go's modules, pip), so Go and Python have to be there. `INPUTS=` (40,000) is how
 * many inputs of the fuzz are taken.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExpositionFormat } from '../../services/exposition/page';
import { readPage } from '../../services/exposition/reader';
import { CONTENT_TYPES } from '../../services/page/format';
import { fuzzInput } from '../exposition/fuzz';

const CACHE = join(__dirname, '../../node_modules/.cache/prometheus-parser');
const PROMETHEUS = 'github.com/prometheus/prometheus@v0.316.0';
const COMMON = 'github.com/prometheus/common@v0.73.1';
const COLLECTOR =
  'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver@v0.165.1';
/** The last one whose source package has the tests of both parsers. */
const PYTHON_CLIENT = 'prometheus_client-0.19.0';
const PYTHON_TEXTS = `
import ast, base64, json, sys
for file in sys.argv[1:]:
    for node in ast.walk(ast.parse(open(file, encoding="utf8").read())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            print(json.dumps(base64.b64encode(node.value.encode("utf8", "surrogatepass")).decode()))
`;

export function run(): Promise<void> {
  const parser = buildParser();
  const openMetrics = join(download(COLLECTOR), 'testdata/openmetrics');
  const cases = readdirSync(openMetrics);
  reportVerdicts(openMetrics, cases);
  const textparse = join(download(PROMETHEUS), 'model/textparse');
  const expfmt = join(download(COMMON), 'expfmt');
  const corpora: readonly (readonly [string, readonly Buffer[]])[] = [
    ['OpenMetrics', cases.map((name) => readFileSync(join(openMetrics, name, 'metrics')))],
    ['prometheus, data', filesOf(join(textparse, 'testdata'))],
    ['prometheus, texts', textsOf(output(parser, goTests(textparse)))],
    ['common, data', [...filesOf(join(expfmt, 'fuzz/corpus')), readFileSync(join(expfmt, 'testdata/text'))]],
    ['common, texts', textsOf(output(parser, goTests(expfmt)))],
    ['prometheus_client, texts', pythonTexts()],
  ];
  for (const [name, pages] of corpora) {
    for (const format of ['text', 'openmetrics'] as const) compare(parser, name, pages, format);
  }
  const lines = fuzzedLines(Number(process.env['INPUTS'] ?? 40_000));
  for (const [format, end] of [
    ['text', '\n'],
    ['openmetrics', '\n# EOF\n'],
  ] as const) {
    const pages = lines.map((line) => Buffer.from(line + end, 'latin1'));
    compare(parser, 'mutated lines', pages, format);
  }
  return Promise.resolve();
}

/** What the corpus itself says of its pages: invalid ones are called bad_. */
function reportVerdicts(folder: string, cases: readonly string[]): void {
  const counts = { valid: 0, taken: 0, invalid: 0, refused: 0 };
  for (const name of cases) {
    const isTaken = badLinesOf(readFileSync(join(folder, name, 'metrics')), 'openmetrics').length === 0;
    if (name.startsWith('bad_')) {
      counts.invalid++;
      if (!isTaken) counts.refused++;
    } else {
      counts.valid++;
      if (isTaken) counts.taken++;
    }
  }
  console.log(
    `OpenMetrics' corpus: ${String(counts.taken)} of ${String(counts.valid)} valid pages taken whole, ${String(counts.refused)} of ${String(counts.invalid)} invalid ones not`,
  );
}

interface Parsed {
  readonly Error: string;
  readonly Samples: readonly {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Value: string;
    readonly Timestamp: number | null;
  }[];
}

function compare(parser: string, corpus: string, pages: readonly Buffer[], format: ExpositionFormat): void {
  const asked = pages.map((page) =>
    JSON.stringify({ ContentType: CONTENT_TYPES[format], Bytes: page.toString('base64') }),
  );
  const answers = jsonLines(output(parser, [], asked.join('\n'))) as Parsed[];
  const examples = new Map<string, string[]>();
  for (const [i, page] of pages.entries()) {
    const verdict = verdictOf(page, format, answers[i]!);
    examples.set(verdict, [...(examples.get(verdict) ?? []), page.toString().slice(0, 200)]);
  }
  const count = (verdict: string): string => String(examples.get(verdict)?.length ?? 0);
  console.log(
    `${corpus}, ${format}: ${String(pages.length)} pages, read alike ${count(ALIKE)}, refused by both ${count(REFUSED)}`,
  );
  for (const [verdict, [first, ...more]] of examples) {
    if (verdict !== ALIKE && verdict !== REFUSED)
      console.log(`  ${String(more.length + 1)} × ${verdict}, first ${JSON.stringify(first)}`);
  }
}

const ALIKE = 'alike';
const REFUSED = 'refused';

function verdictOf(
  page: Buffer,
  format: ExpositionFormat,
  { Error: error, Samples: theirs }: Parsed,
): string {
  const [bad] = badLinesOf(page, format);
  if (error !== '') return bad === undefined ? `taken here alone: ${causeOf(error)}` : REFUSED;
  if (bad !== undefined) return `refused here alone: ${causeOf(bad)}`;
  const ours = samplesOf(page, format).map(({ name, labels, value, timestampMs }) =>
    keyOf({ __name__: name, ...Object.fromEntries(labels) }, value, timestampMs ?? null),
  );
  const read = theirs.map(({ Labels, Value, Timestamp }) =>
    keyOf(Labels, Number(Value.replace('Inf', 'Infinity')), Timestamp),
  );
  return ours.join('\n') === read.join('\n') ? ALIKE : 'other samples';
}

/** `le` and `quantile` are left out: Prometheus writes their numbers anew. */
function keyOf(labels: Readonly<Record<string, string>>, value: number, timestampMs: number | null): string {
  const pairs = Object.entries(labels)
    .filter(([name, text]) => text !== '' && name !== 'le' && name !== 'quantile')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([pairs, Object.is(value, -0) ? '-0' : String(value), timestampMs]);
}

/** Without what stands there: that is another one each time. */
function causeOf(reason: string): string {
  return reason.replace(/,? (?:found|got|parsing).*/s, '').replace(/".*"/s, '…');
}

function pageOf(bytes: Buffer, format: ExpositionFormat) {
  const page = readPage(bytes, format);
  if (page.kind === 'too_large') throw new Error(page.detail);
  return page;
}

function badLinesOf(bytes: Buffer, format: ExpositionFormat): string[] {
  return pageOf(bytes, format).badLines.map(({ reason }) => reason);
}

function samplesOf(bytes: Buffer, format: ExpositionFormat) {
  return pageOf(bytes, format).samples;
}

// ---- what is fetched --------------------------------------------------------------------------------------

function buildParser(): string {
  const parser = join(CACHE, 'parser');
  if (existsSync(parser)) return parser;
  mkdirSync(CACHE, { recursive: true });
  copyFileSync(join(__dirname, 'prometheus-parser/main.go'), join(CACHE, 'main.go'));
  writeFileSync(join(CACHE, 'go.mod'), `module parser\ngo 1.25\nrequire ${PROMETHEUS.replace('@', ' ')}\n`);
  output('go', ['mod', 'tidy']);
  output('go', ['build', '-o', parser, '.']);
  return parser;
}

function download(module: string): string {
  const { Dir } = JSON.parse(output('go', ['mod', 'download', '-json', module])) as { Dir: string };
  return Dir;
}

function pythonTexts(): Buffer[] {
  const version = PYTHON_CLIENT.replace('-', '==');
  output('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--no-binary', ':all:', version]);
  output('tar', ['xzf', `${PYTHON_CLIENT}.tar.gz`]);
  const tests = ['test_parser.py', 'openmetrics/test_parser.py'].map((name) =>
    join(CACHE, PYTHON_CLIENT, 'tests', name),
  );
  return textsOf(output('python3', ['-c', PYTHON_TEXTS, ...tests]));
}

function goTests(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('_test.go'))
    .map((name) => join(folder, name));
}

function filesOf(folder: string): Buffer[] {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}

function textsOf(encoded: string): Buffer[] {
  return (jsonLines(encoded) as string[]).map((text) => Buffer.from(text, 'base64'));
}

function fuzzedLines(inputs: number): string[] {
  const lines = new Set<string>();
  for (let seed = 1; seed <= inputs; seed++) {
    const { kind, bytes } = fuzzInput(seed);
    if (kind === 'page') for (const line of bytes.toString('latin1').split('\n')) lines.add(line);
  }
  return [...lines];
}

function jsonLines(text: string): unknown[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]));
}

function output(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: CACHE,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined || status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}
