import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadLetterKey, deadLetterOf } from '../../events/dead-letter';
import { type RefusalReason } from '../../events/refusal';
import { partitionOf, TOPIC_NAMES } from '../../events/routing';
import { listLetters, redriveLetters, showLetter } from '../../services/cli/commands/dead-letters';
import { type Settings } from '../../services/cli/settings';
import { ran, settingsOf, withOpenLog } from '../archive/command';

let dir: string;
let settings: Settings;

const SECOND = Date.UTC(2026, 10, 24, 8, 0, 2);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-letters-'));
  settings = settingsOf({ FLEETMETER_DATA_DIR: dir, FLEETMETER_PARTITIONS: '1' });
  await withOpenLog(settings, async (log) => {
    const values = [
      '{"a":\u001b[31m',
      '{"specversion":"1.0"}',
      Buffer.from([0xff, 0]),
      `{"x":"${'y'.repeat(70_000)}"}`,
    ];
    for (const [offset, text] of values.entries()) {
      const value = Buffer.from(text);
      const topic = offset === 2 ? 'telemetry' : 'lifecycle';
      await log.append([{ topic, key: 'k', partition: 0, value }]);
      const reason: RefusalReason = offset === 0 ? 'invalid_json' : 'invalid_envelope';
      const at = {
        partition: 0,
        offset: offset === 3 ? 2 : offset % 2,
        appendTimeMs: SECOND + 1000 * offset,
      };
      const letter = deadLetterOf(
        { ...at, topic: TOPIC_NAMES[topic], key: null, value },
        reason,
        `detail\n${offset}`,
      );
      const key = deadLetterKey(letter);
      const forward = {
        topic: 'dead-letter',
        key,
        partition: partitionOf(key, 1),
        value: Buffer.from(JSON.stringify(letter)),
      } as const;
      await log.append([forward, forward]);
    }
  });
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const ALL = { limit: 50, json: false };

async function listed(options: Parameters<typeof listLetters>[0]): Promise<string[]> {
  const { code, out } = await ran(() => listLetters(options, settings));
  expect(code).toBe(0);
  return out.trimEnd().split('\n');
}

test('a table, each letter once, the newest last', async () => {
  expect(await listed(ALL)).toEqual([
    'id                        appended                  reason            bytes  redriven  detail',
    'fleetmeter.lifecycle/0/0  2026-11-24T08:00:02.000Z  invalid_json      10               detail\uFFFD0',
    'fleetmeter.lifecycle/0/1  2026-11-24T08:00:03.000Z  invalid_envelope  21               detail\uFFFD1',
    'fleetmeter.telemetry/0/0  2026-11-24T08:00:04.000Z  invalid_envelope  2                detail\uFFFD2',
    'fleetmeter.lifecycle/0/2  2026-11-24T08:00:05.000Z  invalid_envelope  70008            detail\uFFFD3',
  ]);
});

test.each([
  ['reason', { reason: 'invalid_json' }, ['lifecycle/0/0']],
  ['topic', { topic: 'telemetry' }, ['telemetry/0/0']],
  ['time', { since: '2026-11-24T08:00:04Z' }, ['telemetry/0/0', 'lifecycle/0/2']],
  ['number', { limit: 1 }, ['lifecycle/0/2']],
] as const)('by %s', async (_, options, ids) => {
  const lines = await listed({ ...ALL, ...options });
  expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual(ids.map((id) => `fleetmeter.${id}`));
});

test('as JSON: whole letters; none: said so; a wrong time: usage', async () => {
  const [first] = await listed({ ...ALL, json: true });
  expect(JSON.parse(first ?? '')).toMatchObject({
    id: 'fleetmeter.lifecycle/0/0',
    reason: 'invalid_json',
    value: '{"a":\u001b[31m',
    bytes: 10,
  });
  expect(await listed({ ...ALL, reason: 'too_late' })).toEqual(['no dead letters']);
  expect(await ran(() => listLetters({ ...ALL, since: 'now' }, settings))).toMatchObject({ code: 2 });
});

test('one letter, with its record; nothing of it drives the terminal', async () => {
  const shown = await ran(() => showLetter('lifecycle/0/0', settings));
  expect(shown.out).toMatch(/^id {8}fleetmeter\.lifecycle\/0\/0\nreason {4}invalid_json\n/);
  expect(shown.out).toContain('\n{"a":\uFFFD[31m\n');
  expect((await ran(() => showLetter('fleetmeter.lifecycle/0/1', settings))).out).toContain(
    '{\n  "specversion": "1.0"\n}\n',
  );
  expect((await ran(() => showLetter('telemetry/0/0', settings))).out).toContain('\nin base64: /wA=\n');
  expect((await ran(() => showLetter('lifecycle/0/2', settings))).out).toContain(
    'bytes     70008, of which the first 64000 are here\n',
  );
  expect(await ran(() => showLetter('lifecycle/0/9', settings))).toMatchObject({
    code: 1,
    err: 'there is no dead letter fleetmeter.lifecycle/0/9\n',
  });
});

test('what can’t be sent again is named, with exit code 1 where it was asked for by name', async () => {
  const named = await ran(() => redriveLetters(['lifecycle/0/0', 'lifecycle/0/9'], { all: false }, settings));
  expect(named).toMatchObject({
    code: 1,
    out: `0 sent again, to be judged again
1 still can’t be read as an event: fleetmeter.lifecycle/0/0
1 no such dead letter: fleetmeter.lifecycle/0/9
`,
  });
  expect((await ran(() => redriveLetters([], { all: true }, settings))).code).toBe(0);
  expect((await ran(() => redriveLetters([], { all: false }, settings))).code).toBe(2);
  expect((await ran(() => redriveLetters(['x'], { all: true }, settings))).code).toBe(2);
});
