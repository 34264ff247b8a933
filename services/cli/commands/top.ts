import { setTimeout as delay } from 'node:timers/promises';
import { openLogger } from '../../process/logger';
import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { CommandError, EXIT } from '../exit';
import { durationOption, urlOption, wholeNumber } from '../option';
import { openServerClient } from '../server-client';
import type { ServerClient } from '../server-client';
import type { Settings } from '../settings';
import { openStop } from '../stop';
import { topScreen, topTable } from '../top-table';

interface TopOptions {
  readonly url?: string;
  readonly interval: string;
  readonly limit: number;
  readonly once: boolean;
}

export const addTop: AddCommand = (program, settings) => {
  program
    .command('top')
    .description(
      'the live fleet in a terminal, from the server running here; one table if it is not a terminal',
    )
    .option('--url <url>', 'of another server')
    .option('--interval <duration>', 'how often it is asked', '2s')
    .option('--limit <count>', 'how many jobs, the most expensive first', wholeNumber, 20)
    .option('--once', 'just one table, even on a terminal', false)
    .addHelpText(
      'after',
      examples(
        'fleetmeter top',
        'fleetmeter top --once --limit 5',
        'fleetmeter top --url http://fleetmeter.internal:19464',
      ),
    )
    .action((options: TopOptions) => top(options, settings('log')));
};

const CLEAR = '\x1b[H\x1b[J';
const LEAST_MS = 500;

/** `top`: one table, or on a terminal one that is redrawn regularly, until it is stopped. */
async function top(options: TopOptions, settings: Settings): Promise<void> {
  const intervalMs = durationOption('--interval', options.interval, LEAST_MS);
  const url = options.url === undefined ? undefined : urlOption('--url', options.url).replace(/\/+$/, '');
  const client = openServerClient(settings, 'start one with "npm start", or name it with --url', url);
  try {
    if (options.once || !process.stdout.isTTY)
      process.stdout.write(topTable(await pageOf(client, settings), options.limit));
    else await follow(client, settings, intervalMs, options.limit);
  } finally {
    client.close();
  }
}

async function follow(
  client: ServerClient,
  settings: Settings,
  intervalMs: number,
  limit: number,
): Promise<void> {
  const stop = openStop(openLogger('silent'));
  while (!stop.signal.aborted) {
    const page = await pageOf(client, settings);
    process.stdout.write(`${CLEAR}${topScreen(page, limit, process.stdout)}`);
    await delay(intervalMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  stop.close();
}

async function pageOf(client: ServerClient, { scrapeToken }: Settings): Promise<string> {
  const headers = scrapeToken === undefined ? {} : { authorization: `Bearer ${scrapeToken}` };
  const { status, body } = await client.ask('/metrics', headers);
  if (status === 200) return body.toString();
  const detail = `${client.url}/metrics answered ${String(status)}: ${body.toString().trim().slice(0, 300)}`;
  throw new CommandError(status === 503 ? EXIT.away : EXIT.no, detail);
}
