import { startKafka, type KafkaCluster, type KafkaSettings } from '../support/kafka';
import { startDeployment, type Deployment, type DeploymentOptions } from './deployment';
import { acknowledged, startLoad, type Load, type Send } from './load';

/** A deployment under load on a Kafka of its own, for as long as `work` lasts. */
export interface Lab {
  readonly kafka: KafkaCluster;
  readonly deployment: Deployment;
  readonly load: Load;
}

export interface LabOptions {
  readonly kafka?: KafkaSettings;
  readonly redisUrl: string;
  readonly seed: number;
  /** Settings that the aggregators have of their own. */
  readonly aggregatorSettings?: (kafka: KafkaCluster) => NonNullable<DeploymentOptions['aggregatorSettings']>;
  /** How events are sent; the default is as it should be. */
  readonly send?: (kafka: KafkaCluster, deployment: Deployment) => Promise<Send>;
}

export async function withLab<T>(options: LabOptions, work: (lab: Lab) => Promise<T>): Promise<T> {
  const { redisUrl, seed, aggregatorSettings = () => ({}), send } = options;
  const kafka = await startKafka(options.kafka);
  try {
    const deployment = await startDeployment({
      kafka,
      redisUrl,
      aggregatorSettings: aggregatorSettings(kafka),
    });
    const sends = send === undefined ? acknowledged(deployment.log) : await send(kafka, deployment);
    const load = startLoad(deployment.partitions, sends, seed);
    try {
      return await work({ kafka, deployment, load });
    } finally {
      await load.stop();
      await deployment.stop();
    }
  } finally {
    await kafka.stop();
  }
}
