/** Every event that a page shows must be one that is taken: readers copy them. */
import { decodeEvent } from '../../events/codec';
import { EVENT_TYPES } from '../../events/event';
import { fences, readPage, readPages } from './pages';

/** What the tutorial sends to see it refused. */
const REFUSED = new Set(['tutorial-11']);

function examples(text: string): string[] {
  return fences(text)
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.startsWith('{"specversion"'))
    .map((line) => line.replaceAll('$now', '2026-11-24T08:00:00Z'));
}

const lines = readPages().flatMap(({ path, text }) => examples(text).map((line) => [path, line] as const));

test('there are examples', () => {
  expect(lines.length).toBeGreaterThan(15);
});

test.each(lines)('%s: %s', (_, line) => {
  const decoded = decodeEvent(Buffer.from(line));
  const { id } = JSON.parse(line) as { id: string };
  expect(decoded).toMatchObject({ ok: !REFUSED.has(id) });
});

test('the reference lists the types that the code knows, and no other', () => {
  const { text } = readPage('docs/reference/events.md');
  const listed = [...text.matchAll(/^\| `(fleetmeter\.[\w.]+)` \|/gm)].map((match) => match[1]);
  expect([...listed].sort()).toEqual([...EVENT_TYPES].sort());
});
