import { encodeEvent } from './codec';
import { DECLARATIONS, EVENT_TYPES } from './event';
import type { EventType } from './event';

type Example = Readonly<Record<string, unknown>>;
type Examples = Readonly<Record<EventType, Example>>;

/**
 * One event of each type as it goes over the wire. Together they tell the life of a run with one job on one
 * instance.
 */
export const EXAMPLES: Examples = examplesOf();

function examplesOf(): Examples {
  const examples: Partial<Examples> = Object.fromEntries(
    DECLARATIONS.map((declaration) => [declaration.type, exampleOf(declaration)]),
  );
  if (!isComplete(examples)) throw new Error('an event type has no example');
  return examples;
}

function isComplete(examples: Partial<Examples>): examples is Examples {
  return EVENT_TYPES.every((type) => type in examples);
}

function exampleOf({ type, example, accept }: (typeof DECLARATIONS)[number]): Example {
  const envelope = {
    id: `example-${type.slice('fleetmeter.'.length, -'.v1'.length)}`,
    source: '/dstack/server/eu-1',
    timeMs: Date.parse(`2026-11-24T${example.at}Z`),
  };
  const event = accept(envelope, example.data);
  if (event === null) throw new Error(`the example of ${type} is not valid`);
  return JSON.parse(encodeEvent(event)) as Example;
}
