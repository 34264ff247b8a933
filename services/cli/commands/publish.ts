import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { CommandError, EXIT } from '../exit';
import { refusedLine } from '../judge-file';
import { openInput, readLines } from '../lines';
import { openProgress } from '../progress';
import type { Settings } from '../settings';
import { openSink } from '../sink';
import type { Sink } from '../sink';
import { counted } from '../table';

export const addPublish: AddCommand = (program, settings) => {
  program
    .command('publish')
    .description('put events on the log, as if they were sent now')
    .argument('<file>', 'NDJSON, or - for standard input')
    .addHelpText(
      'after',
      examples(
        'fleetmeter publish fleet.ndjson',
        'my-scheduler --follow | fleetmeter publish -',
        'FLEETMETER_KAFKA_BROKERS=kafka:9092 fleetmeter publish fleet.ndjson',
      ),
    )
    .action((file: string) => publish(file, settings('log')));
};

/** One request's worth: well below the gateway's 10 MB. */
const BATCH_BYTES = 4_000_000;
const BATCH_EVENTS = 5000;
/** How many refusals are printed; of the rest only the number. */
const PRINTED_REFUSALS = 20;

/**
 * `publish`: puts the events of a file on the log as if they were sent now. Exit code 1 if any was refused.
 */
async function publish(path: string, settings: Settings): Promise<void> {
  const input = await openInput(path);
  const sink = await openSink(settings);
  const progress = openProgress('sent', input.bytes);
  let batch: { line: number; text: string; bytes: number }[] = [];
  let bytes = 0;
  let lineNumber = 0;
  let refused = 0;
  let accepted = 0;
  const flush = async (): Promise<void> => {
    const rejected = await sendBatch(sink, batch, refused);
    refused += rejected;
    accepted += batch.length - rejected;
    progress.advance(batch.length, bytes);
    batch = [];
    bytes = 0;
  };
  for await (const line of readLines(input)) {
    lineNumber++;
    const text = line.toString();
    if (text.trim() === '') continue;
    batch.push({ line: lineNumber, text, bytes: line.length + 1 });
    bytes += line.length + 1;
    if (batch.length >= BATCH_EVENTS || bytes >= BATCH_BYTES) await flush();
  }
  if (batch.length > 0) await flush();
  progress.end();
  await sink.close();
  process.stderr.write(
    `accepted ${counted(accepted, 'event', 'events')}, refused ${refused.toLocaleString('en')}\n`,
  );
  if (refused > 0) throw new CommandError(EXIT.no, `${String(refused)} events were refused`);
}

async function sendBatch(
  sink: Sink,
  batch: readonly { readonly line: number; readonly text: string }[],
  printed: number,
): Promise<number> {
  const { rejected } = await sink.send(batch.map(({ text }) => text));
  for (const { index, reason, detail } of rejected.slice(0, Math.max(0, PRINTED_REFUSALS - printed))) {
    process.stderr.write(`${refusedLine(batch[index]?.line ?? 0, { reason, detail })}\n`);
  }
  return rejected.length;
}
