import { readFile, rm, writeFile } from 'node:fs/promises';
import { Type } from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { textOf } from '../../events/encoding';
import { errnoOf } from '../process/errno';

const Count = Type.Integer({ minimum: 0 });
const Range = Type.Object({ from: Count, to: Count });
const Time = Type.Union([Type.String(), Type.Null()]);

const Manifest = Type.Object({
  format: Type.Literal('fleetmeter-events/1'),
  /** Of the file's bytes as they are on the disk. */
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  bytes: Count,
  /** Lines of the file, and of each topic. */
  events: Count,
  lifecycle: Count,
  telemetry: Count,
  first_log_time: Time,
  last_log_time: Time,
  /** The settings that the log was judged with. */
  lateness_seconds: Type.Number(),
  dedupe_seconds: Type.Number(),
  /** Of the log that was exported. */
  partitions: Count,
  /** The offsets that were read, by partition. */
  positions: Type.Array(Type.Object({ lifecycle: Range, telemetry: Range })),
  /** Records on the log that are not in the file, by reason. */
  left_out: Type.Record(Type.String(), Count),
});

/** What is written beside an exported file: enough to recognize it, and the state of the log. */
export type Manifest = Static<typeof Manifest>;

function manifestPath(path: string): string {
  return `${path}.manifest.json`;
}

export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  await writeFile(manifestPath(path), `${JSON.stringify(manifest, null, 2)}\n`);
}

export async function removeManifest(path: string): Promise<void> {
  await rm(manifestPath(path), { force: true });
}

export type ManifestAnswer =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  /** A file from elsewhere has none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly detail: string };

export async function readManifest(path: string): Promise<ManifestAnswer> {
  let text: string;
  try {
    text = textOf(await readFile(manifestPath(path)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'none' };
    return { kind: 'invalid', detail: `${manifestPath(path)}: ${String(error)}` };
  }
  const value = parse(text);
  if (Value.Check(Manifest, value)) return { kind: 'manifest', manifest: value };
  const [first] = [...Value.Errors(Manifest, value)];
  const what = first === undefined ? 'not a manifest' : `${first.path || 'it'}: ${first.message}`;
  return { kind: 'invalid', detail: `${manifestPath(path)} is not a manifest of ours: ${what}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
