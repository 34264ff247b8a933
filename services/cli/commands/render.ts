import { parseTime } from '../../../events/time';
import { openHistory } from '../../history/fold';
import type { Format } from '../../page/format';
import { writePage } from '../../page/page';
import { WHOLE_PAGE } from '../../page/selection';
import { CommandError, EXIT } from '../exit';
import { judgeFile } from '../judge-file';
import { ledgerSettings } from '../settings';
import type { Settings } from '../settings';

export interface RenderOptions {
  readonly events: string;
  readonly at?: string;
  readonly format: Format;
}

/** `render`: folds a file (or standard input) with no server and prints the ledger's page. */
export async function render(options: RenderOptions, settings: Settings): Promise<void> {
  const asOfMs = options.at === undefined ? null : timeOption('--at', options.at);
  const { sampleTtlMs, partitions } = settings;
  const history = openHistory({ ...ledgerSettings(settings), asOfMs }, partitions);
  await judgeFile(options.events, (line) => history.take(line));
  const { atMs, views } = history.finish();
  for (const chunk of writePage(views, {
    format: options.format,
    atMs,
    sampleTtlMs,
    selection: WHOLE_PAGE,
  })) {
    await write(chunk);
  }
}

export function timeOption(name: string, text: string): number {
  const ms = parseTime(text);
  if (ms === null)
    throw new CommandError(
      EXIT.usage,
      `${name}: ${text}, expected an RFC 3339 time such as 2026-11-24T08:00:00Z`,
    );
  return ms;
}

/** Waits where the reader of standard output is slower. */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
