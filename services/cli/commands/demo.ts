import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { wholeNumber } from '../option';
import { encodeEvent } from '../../../events/codec';
import type { FleetEvent } from '../../../events/event';
import { partitionOf, routeOf } from '../../../events/routing';
import { runDemo } from '../../demo/driver';
import type { EventLog } from '../../log/port';
import { CommandError, EXIT } from '../exit';
import type { Settings } from '../settings';
import { openSink } from '../sink';

export const DEMO: DemoFlags = { seed: Date.now() % 1_000_000, jobs: 40, speed: 1, hours: 6 };

export const addDemo: AddCommand = (program, settings) => {
  program
    .command('demo')
    .description(
      'play a simulated fleet, its history and its life, into the server that runs here or into Kafka',
    )
    .option('--jobs <count>', 'about how many jobs run at a time', wholeNumber, DEMO.jobs)
    .option('--speed <factor>', 'how many times faster the fleet lives', wholeNumber, DEMO.speed)
    .option('--hours <count>', 'how far back its history begins', wholeNumber, DEMO.hours)
    .option('--seed <number>', 'the same seed plays the same fleet', wholeNumber, DEMO.seed)
    .addHelpText(
      'after',
      examples(
        'fleetmeter demo',
        'fleetmeter demo --jobs 200 --seed 7',
        'fleetmeter demo --hours 48 --speed 60',
      ),
    )
    .action((flags: DemoFlags) => demo(flags, settings('log')));
};

export interface DemoFlags {
  readonly seed: number;
  readonly jobs: number;
  readonly speed: number;
  /** How far back the fleet's life begins. */
  readonly hours: number;
}

/** A fleet whose history is on the log, and whose life goes on. */
interface Playing {
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** `demo`: plays a fleet into the server that runs here, or into Kafka, until it is interrupted. */
async function demo(flags: DemoFlags, settings: Settings): Promise<void> {
  const sink = await openSink(settings);
  const abort = new AbortController();
  const stop = (): void => {
    abort.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  process.stdout.write(
    `a fleet of about ${String(flags.jobs)} running jobs, seed ${String(flags.seed)}; Ctrl-C ends it\n`,
  );
  await play(flags, abort.signal, async (events) => {
    const { rejected } = await sink.send(events.map((event) => encodeEvent(event)));
    const [first] = rejected;
    if (first !== undefined)
      throw new CommandError(EXIT.no, `an event was refused: ${first.reason}: ${first.detail}`);
  });
  await sink.close();
}

/** Puts the history on the log; it is there as a whole before anybody folds it. */
export async function writeDemoHistory(
  flags: DemoFlags,
  log: EventLog,
  settings: Settings,
): Promise<Playing> {
  const abort = new AbortController();
  let isWritten: () => void = () => undefined;
  const written = new Promise<void>((resolve) => (isWritten = resolve));
  const playing = play(flags, abort.signal, async (events) => {
    await append(log, events, settings.partitions);
    isWritten();
  });
  await Promise.race([written, playing]);
  return {
    async stop() {
      abort.abort();
      await playing;
    },
  };
}

/** Hands on the history in one piece, then what happens as it happens. */
async function play(
  { seed, jobs, speed, hours }: DemoFlags,
  signal: AbortSignal,
  send: (events: readonly FleetEvent[]) => Promise<void>,
): Promise<void> {
  const startedMs = Date.now();
  let history: FleetEvent[] | undefined = [];
  await runDemo({
    seed,
    jobs,
    speed,
    historyMs: hours * HOUR_MS,
    signal,
    sink: async (events) => {
      if (history === undefined) return send(events);
      // Recorded when it happened: page time follows while it is read, and no job is first shown as running on.
      history.push(...events.map((event) => ({ ...event, recordedTimeMs: event.timeMs })));
      const last = events.at(-1);
      if (last !== undefined && last.timeMs < startedMs) return;
      const whole = history;
      history = undefined;
      await send(whole);
    },
  });
}

async function append(log: EventLog, events: readonly FleetEvent[], partitions: number): Promise<void> {
  const records = events.map((event) => {
    const { topic, key } = routeOf(event);
    return { topic, key, partition: partitionOf(key, partitions), value: Buffer.from(encodeEvent(event)) };
  });
  const result = await log.append(records);
  if (result.kind === 'unavailable') throw new CommandError(EXIT.away, `the log is away: ${result.detail}`);
}
