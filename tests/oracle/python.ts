/**
 * The reference in Python that stands beside the project in some places, corrected where the contract's text
 * says otherwise.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type OracleOptions } from './index';
import { isObject, listAt, member } from './json';

const REFERENCE = resolve(__dirname, '../../../shared/oracle/oracle.py');

/** Where the reference and the contract's text differ, the text counts. */
const CORRECTIONS: readonly { readonly text: string; readonly from: string; readonly to: string }[] = [
  {
    text: 'Ids are opaque strings of 1 to 128 UTF-16 units',
    from: '1 <= len(v) <= 128',
    to: '1 <= len(utf16(v)) // 2 <= 128',
  },
  {
    text: '`too_large` (an event of over 1,000,000 bytes)',
    from: '    """An event, None (later than AT), or Bad."""\n',
    to: '    want(len(utf8(line)) <= 1_000_000, "too_large")\n',
  },
  {
    text: 'the others bear the instance’s labels, unless a job that was on that GPU finished after the sample',
    from: 'for t, u in self.finishes.get(target[1], [])): continue',
    to: 'for t, u in self.finishes.get(target[1], [])): left = True\n                    else: left = False',
  },
  {
    text: 'the same, and: where a job has samples of its own from that exporter, the instance’s are not shown as the job’s',
    from: 'labels = owners[-1]["labels"] if owners else self.instances.get(target[1])',
    to:
      'labels = (None if exporter in self.young(owners[-1]["target"]) else owners[-1]["labels"]) if owners' +
      ' else None if left else self.instances.get(target[1])',
  },
  {
    text: 'the same: which job it is',
    from: '"since": since})',
    to: '"since": since, "target": ("job", f("run.id"), f("job.id"))})',
  },
  {
    text: 'an empty text, `N/A`, `NA`, and one of zeros and hyphens alone name none',
    from: 'uuid = r["labels"].get("UUID")',
    to: 'uuid = r["labels"].get("UUID") or None',
  },
  {
    text: 'An extension attribute is a text, a number or a boolean; and CloudEvents: no control characters, data or data_base64',
    from: '    want(e["id"] and e["source"], "invalid_envelope")\n',
    to: `    want(e["id"] and e["source"], "invalid_envelope")
    want(all(k == "data" or v is None or isinstance(v, (str, bool, int, float)) for k, v in e.items()), "invalid_envelope")
    want(not any(ord(c) < 32 or 127 <= ord(c) <= 159 for c in e["id"] + e["source"]), "invalid_envelope")
    base64 = e.get("data_base64")
    want(base64 is None or isinstance(base64, str) and e.get("data") is None, "invalid_envelope")
`,
  },
  {
    text: '`data_base64` is read where `data` could stand',
    from: '    check(e, "data:o")\n',
    to: `    if base64 is not None:
        import binascii
        try: e["data"] = json.loads(binascii.a2b_base64(base64.encode(), strict_mode=True))
        except ValueError: raise Bad("invalid_data")
    check(e, "data:o")
`,
  },
];

export interface ReferencePage {
  readonly series: ReadonlyMap<string, number>;
  readonly dead: readonly { readonly line: number; readonly reason: unknown }[];
}

/**
 * What the reference knows of a page: of GPUs what DCGM says of them, whose labels are all that it tells GPUs
 * apart by.
 */
export function knownToReference({ series, dead }: ReferencePage): ReferencePage {
  const known = [...series].filter(([key]) => /^(?:DCGM_|dstack_|fleetmeter_(?!gpu_|orphaned_))/.test(key));
  return { series: new Map(known), dead };
}

/** Whether it knows all that a line says: tags and volumes came after it. */
export function isKnownToReference(line: string): boolean {
  return !line.includes('"tags"') && !line.includes('fleetmeter.volume.');
}

/** Undefined if it can run; else why it can't. */
export function referenceAbsent(): string | undefined {
  if (!existsSync(REFERENCE)) return 'no reference beside the project';
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'no python3';
}

/**
 * Makes a runner of the corrected reference, which reads a file (no live log) and takes whole seconds of
 * settings.
 */
export function openReference(): (lines: readonly string[], options: OracleOptions) => ReferencePage {
  const script = join(mkdtempSync(join(tmpdir(), 'reference-')), 'reference.py');
  writeFileSync(script, corrected(readFileSync(REFERENCE, 'utf8')));
  return (lines, options) => {
    const at = options.atMs === undefined ? '-' : new Date(options.atMs).toISOString();
    const { status, stdout, stderr } = spawnSync('python3', [script, '-', at], {
      input: lines.join('\n'),
      maxBuffer: 2 ** 30,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        FLEETMETER_PARTITIONS: `${options.partitions}`,
        FLEETMETER_LATENESS_SECONDS: `${options.latenessMs / 1000}`,
        FLEETMETER_DEDUPE_SECONDS: `${options.dedupeMs / 1000}`,
        FLEETMETER_SAMPLE_TTL_SECONDS: `${options.sampleTtlMs / 1000}`,
      },
    });
    if (status !== 0) throw new Error(`the reference failed: ${stderr}`);
    return parsePage(stdout);
  };
}

function corrected(source: string): string {
  return CORRECTIONS.reduce((text, { from, to }) => {
    if (text.split(from).length !== 2) throw new Error(`the reference has changed, look again: ${from}`);
    return text.replace(from, () => to);
  }, source);
}

function parsePage(output: string): ReferencePage {
  const page: unknown = JSON.parse(output);
  const series = member(page, 'series');
  return {
    series: new Map(
      isObject(series) ? Object.entries(series).map(([key, value]) => [key, Number(value)]) : [],
    ),
    dead: listAt(page, 'dead').map((each) => {
      const pair: readonly unknown[] = Array.isArray(each) ? each : [];
      return { line: Number(pair[0]), reason: pair[1] };
    }),
  };
}
