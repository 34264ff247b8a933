import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../process/logger';
import { CommandError, EXIT } from './exit';

/** How long to wait for services that start at the same time as this process. */
const ATTEMPTS = 30;
const RETRY_MS = 1000;

export type There<T> =
  { readonly kind: 'there'; readonly value: T } | { readonly kind: 'unavailable'; readonly detail: string };

/** Asks until the service answers; if it stays away, the command ends. */
export async function whenThere<T>(
  service: string,
  logger: Logger,
  ask: () => Promise<There<T>>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask();
    if (answer.kind === 'there') return answer.value;
    if (attempt === ATTEMPTS) throw new CommandError(EXIT.away, `${service} is away: ${answer.detail}`);
    logger.warn({ detail: answer.detail }, `waiting for ${service}`);
    await delay(RETRY_MS);
  }
}
