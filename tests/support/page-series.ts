/** A line of a page. */
interface Sample {
  readonly name: string;
  /** In the page's order. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/**
 * Reads a page in the text format back, strictly and apart from the encoder: by `name{label="value",…}` with
 * label values as JSON strings, as the oracles key their series. Throws on what is not a page: see
 * readSamples().
 */
export function readPage(page: string): Map<string, number> {
  return new Map(readSamples(page).map((sample) => [keyOf(sample), sample.value]));
}

/** Throws on a series twice, a family that is not together, a line without an end. */
export function readSamples(page: string): Sample[] {
  if (page !== '' && !page.endsWith('\n')) throw new Error('the page does not end with a newline');
  const samples: Sample[] = [];
  const keys = new Set<string>();
  const families = new Set<string>();
  let family: { readonly name: string; readonly type: string } | undefined;
  for (const line of page.split('\n').slice(0, -1)) {
    const help = /^# HELP (\S+) /.exec(line);
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (help !== null) continue;
    if (type !== null) {
      const [, name = '', of = ''] = type;
      if (families.has(name)) throw new Error(`a family twice: ${name}`);
      families.add(name);
      family = { name, type: of };
      continue;
    }
    const sample = readSample(line);
    const suffix = sample.name.slice(family?.name.length);
    const belongs =
      sample.name.startsWith(family?.name ?? ' ') && (suffix === '' || family?.type === 'histogram');
    if (!belongs) throw new Error(`a series outside of its family: ${line}`);
    if (keys.has(keyOf(sample))) throw new Error(`a series twice: ${line}`);
    keys.add(keyOf(sample));
    samples.push(sample);
  }
  return samples;
}

function keyOf({ name, labels }: Sample): string {
  return `${name}{${labels.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
}

function readSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`not a line of a page: ${line}`);
  let at = name.length;
  const labels: [string, string][] = [];
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)",?/.exec(line.slice(at));
      if (label === null) throw new Error(`not a label at ${at}: ${line}`);
      const [all, key = '', text = ''] = label;
      labels.push([key, text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))]);
      at += all.length;
    }
    at++;
  }
  const text = line.slice(at + 1);
  const value = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
  if (line[at] !== ' ' || text === '') throw new Error(`no value: ${line}`);
  return { name, labels, value };
}

/** The differences between two sets of series, a line each; empty: none. JavaScript prints -0 as 0. */
export function differencesOf(
  expected: ReadonlyMap<string, number>,
  actual: ReadonlyMap<string, number>,
): string[] {
  const differences: string[] = [];
  for (const [key, value] of expected) {
    const got = actual.get(key);
    if (got === undefined || !Object.is(got + 0, value + 0)) {
      differences.push(`${key}: expected ${String(value)}, got ${String(got)}`);
    }
  }
  for (const [key, value] of actual) {
    if (!expected.has(key)) differences.push(`${key}: not expected, got ${String(value)}`);
  }
  return differences;
}
