/** openapi.json and asyncapi.json are what the declarations make, and have all that the code serves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EVENT_TYPES } from '../../events/event';
import { interfaceFiles } from '../support/interfaces/index';

const ROOT = resolve(__dirname, '../..');
const FOLDER = join(ROOT, 'docs/reference/api');

test('are what `npm run schemas` makes', () => {
  const files = new Map(
    readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const),
  );
  expect(files).toEqual(new Map([...interfaceFiles()].sort(([a], [b]) => (a < b ? -1 : 1))));
});

function read(name: string): Readonly<Record<string, Readonly<Record<string, object>>>> {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as ReturnType<typeof read>;
}

test('OpenAPI has every route of the code, and no other', () => {
  const code = readdirSync(join(ROOT, 'services'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, 'services', name), 'utf8'))
    .join('\n');
  const routes = [...code.matchAll(/\.(get|post|put|delete)\(\s*'(\/[^']*)'/g)].map(
    ([, method = '', path = '']) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`,
  );
  const documented = Object.entries(read('openapi.json')['paths'] ?? {}).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  // What the status page asks of its own server is no interface: it changes with the page.
  const interfaces = routes.filter((route) => !route.startsWith('get /status/'));
  expect(interfaces.length).toBeGreaterThan(5);
  expect(documented.sort()).toEqual([...new Set(interfaces)].sort());
});

test('AsyncAPI has every event type on one topic', () => {
  const channels = Object.values(read('asyncapi.json')['channels'] ?? {}) as { messages: object }[];
  const messages = channels.flatMap(({ messages: found }) => Object.keys(found));
  expect(messages.sort()).toEqual(['dead-letter', ...EVENT_TYPES].sort());
});
