import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import fc from 'fast-check';
import { decodeEvent } from '../../events/codec';
import { compareOrder } from '../../events/order';
import { partitionOf, routeOf } from '../../events/routing';
import { mutatedEvents } from './mutations';

/**
 * The contract's executable reading, which is not part of this repository: where it lies beside the checkout,
 * the codec is compared with it on mutated events.
 */
const oracle = resolve(__dirname, '../../../shared/oracle/oracle.py');

/**
 * What it makes of each event: its reason, or [timeMs, recordedTimeMs, key, partition, rank], and the order
 * of those taken.
 */
const READ = `
import json, sys
sys.path.insert(0, sys.argv[1])
import oracle
answers, taken = [], []
for index, line in enumerate(json.load(sys.stdin)):
    try:
        event = oracle.read(line, None)
        answers.append([event["t"], event["rec"], event["key"], oracle.partition(event["key"]), event["rank"]])
        taken.append((event["order"], index))
    except oracle.Bad as bad:
        answers.append(str(bad))
print(json.dumps({"answers": answers, "order": [index for _, index in sorted(taken)]}))
`;

/** It looks at no attribute that it has no use for, and takes control characters in `id` and `source`. */
function isReadAlike(line: string): boolean {
  const event = parse(line);
  if (typeof event !== 'object' || event === null) return true;
  const isAttribute = ([name, value]: [string, unknown]): boolean =>
    name === 'data' || typeof value !== 'object' || value === null;
  return (
    Object.entries(event).every(isAttribute) &&
    Object.entries(event).every(
      ([name, value]) => !['id', 'source'].includes(name) || !/\p{Cc}/u.test(String(value)),
    )
  );
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

interface Read {
  answers: (string | [number, number | null, string, number, number])[];
  order: number[];
}

function readByOracle(lines: readonly string[]): Read {
  const python = spawnSync('python3', ['-c', READ, dirname(oracle)], {
    input: JSON.stringify(lines),
    encoding: 'utf8',
    maxBuffer: 1e9,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', FLEETMETER_PARTITIONS: '8' },
  });
  if (python.status !== 0) throw new Error(python.stderr);
  return JSON.parse(python.stdout) as Read;
}

if (!existsSync(oracle) || spawnSync('python3', ['--version']).status !== 0) {
  test('the oracle or python3 is not here: nothing to compare with', () => undefined);
} else {
  const lines = fc.sample(mutatedEvents, { numRuns: 3500, seed: 20261124 }).filter(isReadAlike);
  const { answers, order } = readByOracle(lines);
  const decoded = lines.map((line) => decodeEvent(Buffer.from(line)));

  test('the same events are taken, at the same time, on the same partition; the others refused for the same reason', () => {
    for (const [index, line] of lines.entries()) {
      const ours = decoded[index]!;
      const theirs = answers[index]!;
      if (!ours.ok) {
        expect([line, ours.refusal.reason]).toEqual([line, theirs]);
        continue;
      }
      const { event } = ours;
      const { key } = routeOf(event);
      const read = [event.timeMs, event.recordedTimeMs ?? null, key, partitionOf(key, 8)];
      expect([line, read]).toEqual([line, typeof theirs === 'string' ? theirs : theirs.slice(0, 4)]);
    }
  });

  test('the events were of all sorts', () => {
    for (const reason of ['invalid_json', 'invalid_envelope', 'unknown_type', 'invalid_data']) {
      expect(answers.filter((answer) => answer === reason).length).toBeGreaterThan(20);
    }
    expect(order.length).toBeGreaterThan(500);
  });

  test('those taken have the same order', () => {
    const keys = order
      .toSorted((a, b) => a - b)
      .map((index) => {
        const ours = decoded[index]!;
        const theirs = answers[index]!;
        if (!ours.ok || typeof theirs === 'string') throw new Error('taken by one of the two only');
        return { ...ours.event, rank: theirs[4], index };
      });
    expect(keys.sort(compareOrder).map(({ index }) => index)).toEqual(order);
  });
}
