import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { once } from 'node:events';
import { formatTime } from '../../../events/time';
import { errnoOf } from '../../process/errno';
import { openExport } from '../../archive/export';
import type { Export } from '../../archive/export';
import { readWhole, writeWhole } from '../../process/whole-file';
import type { Written } from '../../process/whole-file';
import { openImport } from '../../archive/import';
import type { Imported } from '../../archive/import';
import { readManifest, removeManifest, writeManifest } from '../../archive/manifest';
import type { Manifest } from '../../archive/manifest';
import { openPlacement } from '../../archive/placement';
import { isBlank } from '../../history/file-fold';
import type { LeftOut } from '../../archive/sieve';
import { CommandError, EXIT } from '../exit';
import { refusedLine } from '../judge-file';
import { openInput, readLines, readable } from '../lines';
import type { Input } from '../lines';
import { logAway, withLog } from '../log-at-rest';
import { openProgress } from '../progress';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';

export const addEvents: AddCommand = (program, settings) => {
  const events = program.command('events').description('the log as a file, and back');
  events
    .command('export')
    .description('write the events that count, each with its log time')
    .argument('<file>', 'NDJSON, compressed if it ends in .gz, or - for standard output')
    .addHelpText(
      'after',
      examples('fleetmeter events export fleet.ndjson.gz', 'fleetmeter events export - | wc -l'),
    )
    .action((file: string) => exportEvents(file, settings('log')));
  events
    .command('import')
    .description('put events on an empty log, with their log times')
    .argument('<file>', 'NDJSON, compressed if it ends in .gz, or - for standard input')
    .option('--resume', 'go on with an import of the same file that was cut off', false)
    .addHelpText(
      'after',
      examples(
        'fleetmeter events import fleet.ndjson.gz',
        'fleetmeter events import fleet.ndjson.gz --resume',
      ),
    )
    .action((file: string, options: { readonly resume: boolean }) =>
      importEvents(file, options, settings('log')),
    );
};

// ---- export -----------------------------------------------------------------------------------------------

/** Log times of the first and the last line. */
interface Span {
  firstMs: number | null;
  lastMs: number | null;
}

/**
 * `events export`: writes what counts of the log to a file, with a manifest beside it; to standard output for
 * `-`.
 */
export function exportEvents(path: string, settings: Settings): Promise<void> {
  return withLog(settings, 'refuse', async (log) => {
    const exported = await openExport(log, ledgerSettings(settings));
    if (exported.kind === 'unavailable') throw logAway(exported.detail);
    for (const line of gaps(exported)) process.stderr.write(`${line}\n`);
    const span: Span = { firstMs: null, lastMs: null };
    const text = linesOf(exported, span);
    if (path === '-') await writeOut(text);
    else await writeFile(path, text, exported, span, settings);
    for (const [why, count] of exported.counts.leftOut)
      process.stderr.write(`left out: ${String(count)} ${LEFT_OUT[why] ?? why}\n`);
    if (exported.counts.leftOut.has('no_room'))
      throw new CommandError(EXIT.no, 'the export lacks events that would be too large with their log time');
  });
}

const LEFT_OUT: Partial<Record<LeftOut, string>> = {
  repeat: 'repeats',
  misrouted: 'on a wrong partition',
  no_room: 'too large with their log time',
};

/** The lifecycle is kept for ever: whatever is missing was deleted. */
function gaps({ ranges }: Export): string[] {
  return ranges.flatMap(({ lifecycle: { start } }, partition) =>
    start === 0
      ? []
      : [`partition ${String(partition)} begins at offset ${String(start)}: the history before it is gone`],
  );
}

async function* linesOf(exported: Export, span: Span): AsyncGenerator<string> {
  const progress = openProgress('exported', exported.offsets);
  let read = 0;
  for await (const chunk of exported.lines()) {
    span.firstMs ??= chunk[0]?.logTimeMs ?? null;
    span.lastMs = chunk.at(-1)?.logTimeMs ?? null;
    progress.advance(chunk.length, exported.counts.offsets - read);
    read = exported.counts.offsets;
    yield chunk.map(({ line }) => `${line}\n`).join('');
  }
  progress.end();
}

async function writeOut(text: AsyncIterable<string>): Promise<void> {
  for await (const chunk of text) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

async function writeFile(
  path: string,
  text: AsyncIterable<string>,
  exported: Export,
  span: Span,
  settings: Settings,
): Promise<void> {
  const written = await writeOrSay(path, async () => {
    await removeManifest(path);
    return writeWhole(path, text);
  });
  await writeManifest(path, manifestOf(exported, span, written, settings));
}

async function writeOrSay(path: string, write: () => Promise<Written>): Promise<Written> {
  try {
    return await write();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    throw new CommandError(EXIT.usage, `${path}: expected a file that can be written (${code})`);
  }
}

function manifestOf(exported: Export, span: Span, written: Written, settings: Settings): Manifest {
  const { counts, ranges } = exported;
  const range = ({ start, end }: { start: number; end: number }) => ({ from: start, to: end });
  return {
    format: 'fleetmeter-events/1',
    sha256: written.sha256,
    bytes: written.bytes,
    events: counts.lifecycle + counts.telemetry,
    lifecycle: counts.lifecycle,
    telemetry: counts.telemetry,
    first_log_time: span.firstMs === null ? null : formatTime(span.firstMs),
    last_log_time: span.lastMs === null ? null : formatTime(span.lastMs),
    lateness_seconds: settings.latenessMs / 1000,
    dedupe_seconds: settings.dedupeMs / 1000,
    partitions: ranges.length,
    positions: ranges.map((of) => ({ lifecycle: range(of.lifecycle), telemetry: range(of.telemetry) })),
    left_out: Object.fromEntries(counts.leftOut),
  };
}

// ---- import -----------------------------------------------------------------------------------------------

/** `events import`: puts the events of a file on an empty log, in order and with their log times. */
export function importEvents(
  path: string,
  { resume }: { readonly resume: boolean },
  settings: Settings,
): Promise<void> {
  return withLog(settings, 'create', async (log) => {
    const opened = await openImport(log, ledgerSettings(settings), resume);
    if (opened.kind === 'unavailable') throw logAway(opened.detail);
    if (opened.kind === 'not_empty') {
      const detail = `the log is not empty: ${opened.detail} (--resume goes on with an import that was cut off)`;
      throw new CommandError(EXIT.no, detail);
    }
    const count = path === '-' ? undefined : await checkFile(path, settings);
    const input = path === '-' ? await openInput(path) : contentOf(path).input;
    const progress = openProgress('imported', count);
    const imported = await opened.run(readLines(input), (lines) => {
      progress.advance(lines, lines);
    });
    progress.end();
    report(imported);
  });
}

/**
 * Reads the whole file before putting any of it on the log: every line must be an event, and the file must
 * match its manifest.
 */
async function checkFile(path: string, settings: Settings): Promise<number> {
  const manifest = await readManifest(path);
  if (manifest.kind === 'invalid') throw new CommandError(EXIT.no, manifest.detail);
  const placement = openPlacement(settings.partitions, ledgerSettings(settings));
  const { input, read } = contentOf(path);
  const progress = openProgress('checked', undefined);
  let count = 0;
  let number = 0;
  for await (const line of readLines(input)) {
    number++;
    if (isBlank(line)) continue;
    const placed = placement.place(line);
    if (placed.kind === 'refused') {
      throw new CommandError(EXIT.no, `${refusedLine(number, placed.refusal)}; nothing was imported`);
    }
    count++;
    progress.advance(1, 0);
  }
  progress.end();
  if (manifest.kind === 'manifest') checkManifest(path, manifest.manifest, read(), settings);
  return count;
}

/** Hashed while it is read. */
function contentOf(path: string): { input: Pick<Input, 'name' | 'stream'>; read: () => Written } {
  const { content, read } = readWhole(path);
  return { input: { name: path, stream: readable(path, content) }, read };
}

function checkManifest(path: string, manifest: Manifest, read: Written, settings: Settings): void {
  if (manifest.sha256 !== read.sha256) {
    throw new CommandError(
      EXIT.no,
      `${path}: its SHA-256 is ${read.sha256}, its manifest says ${manifest.sha256}; nothing was imported`,
    );
  }
  const judged = [manifest.lateness_seconds, manifest.dedupe_seconds].join(' and ');
  const now = [settings.latenessMs / 1000, settings.dedupeMs / 1000].join(' and ');
  if (judged === now) return;
  process.stderr.write(
    `the file was exported with a lateness and a dedupe time of ${judged} s, this log is judged with ${now} s\n`,
  );
}

function report(imported: Imported): void {
  switch (imported.kind) {
    case 'imported':
      reportDone(imported);
      return;
    case 'other_log':
      throw new CommandError(EXIT.no, `the log does not begin with this file: ${imported.detail}`);
    case 'refused': {
      const { line, detail } = imported;
      throw new CommandError(EXIT.no, `line ${String(line)}: ${detail}; lines before it may be on the log`);
    }
    case 'unavailable': {
      const { detail, appended } = imported;
      throw logAway(`${detail}; ${String(appended)} events were put on it, --resume continues after them`);
    }
  }
}

function reportDone({ appended, present, lastLogTimeMs }: Extract<Imported, { kind: 'imported' }>): void {
  if (present > 0)
    process.stderr.write(
      `${String(present)} events were already on the log, ${String(appended)} came after them\n`,
    );
  if (lastLogTimeMs !== null && lastLogTimeMs > Date.now())
    process.stderr.write(
      `log times go up to ${formatTime(lastLogTimeMs)}, which is in the future: the log judges those events by its own clock\n`,
    );
}
