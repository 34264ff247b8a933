import { asyncapi } from './asyncapi';
import { openapi } from './openapi';

/** File name under docs/reference/api to text. */
export function interfaceFiles(): ReadonlyMap<string, string> {
  const documents = { 'openapi.json': openapi(), 'asyncapi.json': asyncapi() };
  return new Map(
    Object.entries(documents).map(([name, document]) => [name, `${JSON.stringify(document, null, 2)}\n`]),
  );
}
