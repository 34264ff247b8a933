import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { DEMO, mustBeHeld, playFleet } from '../demo-fleet';
import type { DemoFlags } from '../demo-fleet';
import { openLogger } from '../../process/logger';
import { CommandError, EXIT } from '../exit';
import { wholeNumber } from '../option';
import { openProgress } from '../progress';
import type { Settings } from '../settings';
import { openSink } from '../sink';
import { openStop } from '../stop';
import { counted } from '../table';

const HOUR_MS = 3_600_000;

export const addDemo: AddCommand = (program, settings) => {
  program
    .command('demo')
    .description(
      'play a simulated fleet, its history and its life, into the server running here or into Kafka',
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

/** `demo`: plays a fleet into the server running here, or into Kafka, until it is interrupted. */
async function demo(flags: DemoFlags, settings: Settings): Promise<void> {
  mustBeHeld(flags, '--jobs');
  const sink = await openSink(settings);
  const stop = openStop(openLogger(settings.logLevel));
  process.stdout.write(
    `a fleet of about ${String(flags.jobs)} running jobs, seed ${String(flags.seed)}; Ctrl-C ends it\n`,
  );
  try {
    await playFleet(flags, stop.signal, {
      async take(told) {
        const { rejected } = await sink.send(told.map(({ json }) => json));
        const [first] = rejected;
        if (first !== undefined)
          throw new CommandError(EXIT.no, `an event was refused: ${first.reason}: ${first.detail}`);
      },
      onLive(events) {
        process.stdout.write(
          `${counted(events, 'event', 'events')} of its last ${String(flags.hours)} hours are on the log; it lives on\n`,
        );
      },
      progress: openProgress('made', flags.hours * HOUR_MS),
    });
  } finally {
    stop.close();
    await sink.close();
  }
}
