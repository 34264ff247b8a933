import { examples } from '../declaration';
import type { AddCommand } from '../declaration';
import { createTopics, checkTopics } from '../../log/kafka/topics';
import { openLogger } from '../../process/logger';
import { CommandError, EXIT } from '../exit';
import { kafkaConnection } from '../kafka';
import type { Settings } from '../settings';

export const addTopics: AddCommand = (program, settings) => {
  program
    .command('topics')
    .description('create missing Kafka topics, and check all of them')
    .option('--check', 'only check', false)
    .addHelpText(
      'after',
      examples(
        'FLEETMETER_KAFKA_BROKERS=kafka:9092 fleetmeter topics',
        'FLEETMETER_KAFKA_BROKERS=kafka:9092 fleetmeter topics --check',
      ),
    )
    .action((options: { readonly check: boolean }) => topics(options, settings('log')));
};

/** `topics`: creates missing Kafka topics, or only checks them. Exit code 1 if one is not as it should be. */
async function topics(
  { check }: { readonly check: boolean },
  { kafka, partitions, telemetryRetention: telemetry }: Settings,
): Promise<void> {
  if (kafka === undefined) {
    throw new CommandError(
      EXIT.usage,
      'FLEETMETER_KAFKA_BROKERS is not set: the embedded log needs no topics',
    );
  }
  const options = { ...kafkaConnection(kafka, openLogger('warn')), partitions, telemetry };
  const answer = check ? await checkTopics(options) : await createTopics(options);
  if (answer.kind === 'unavailable') throw new CommandError(EXIT.away, `Kafka is away: ${answer.detail}`);
  for (const topic of answer.created) process.stdout.write(`created ${topic}\n`);
  for (const { topic, problem } of answer.problems) process.stdout.write(`${topic}: ${problem}\n`);
  if (answer.problems.length > 0) throw new CommandError(EXIT.no, 'the topics are not as they should be');
  process.stdout.write('the topics are as they should be\n');
}
