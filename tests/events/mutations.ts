import fc from 'fast-check';
import { EVENT_TYPES, type EventType } from '../../events/event';
import { EXAMPLES } from '../../events/examples';

/** The executable reading of the contract is older than tags and volumes. */
const READ_TYPES = EVENT_TYPES.filter((type) => !type.startsWith('fleetmeter.volume.'));

/** Stands for a number that JSON.stringify could not write. */
const HUGE = '@huge@';
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 2, 1.5, 8, 1000, 1e6, 1_000_000.001, 2 ** 53, 1e300, HUGE, -5e-324],
  ...['', 'x', '1', 'x'.repeat(64), 'x'.repeat(129), 'x'.repeat(1024), 'x'.repeat(1025)],
  ...['é'.repeat(512), 'é'.repeat(513), '\ud800'.repeat(341), '\ud800'.repeat(342), 'a\nb', '\u0000'],
  ...['pending', 'submitted', 'provisioning', 'idle', 'busy', 'pulling', 'running', 'terminating'],
  ...['terminated', 'aborted', 'failed', 'done', 'dcgm', '0.3', '1.0', '007', '12'],
  ...[
    '2026-11-24T08:00:12+01:00',
    '2026-11-24t08:00:60.123456789z',
    '2026-02-29T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
  ],
  ...[
    [],
    {},
    [null],
    [''],
    [{}],
    { id: 'x' },
    { id: '' },
    { used: 3, total: 2 },
    { name: 'x', count: 1, memory_bytes: 1 },
  ],
  ...READ_TYPES,
];
const TEXTS: readonly ((json: string) => string)[] = [
  (json) => json.slice(0, -1),
  (json) => `\ufeff${json}`,
  (json) => ` ${json}\r`,
  (json) => json.replace(/"([a-z_]+)":/, '"$1":null,"$1":'),
  (json) => json.replace(/("[a-z_]+":)(?!.*"[a-z_]+":)/, '$1NaN,$1'),
  (json) => json.replace(/}$/, ',"status":"done","data":{}}'),
  (json) => json.replace(/(\d)(?=[,}])/, '$1.0'),
  (json) => json.replace(/(\d)(?=[,}])/, '$1e0'),
  (json) => json.replace(/(\d)(?=[,}])/, '0$1'),
];

type Members = Record<string, unknown>;

/** The examples as it knows them. */
function exampleOf(type: EventType): Members {
  const example = structuredClone(EXAMPLES[type]) as Members;
  if (type === 'fleetmeter.run.submitted.v1')
    Reflect.deleteProperty((example as { data: { run: object } }).data.run, 'tags');
  return example;
}

/** All places in a JSON value: the container and the name in it. */
function places(value: unknown): { container: Members; name: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const container = value as Members;
  return Object.keys(container).flatMap((name) => [{ container, name }, ...places(container[name])]);
}

const mutation = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('set', 'set', 'set', 'remove', 'add'),
  value: fc.constantFrom(...VALUES),
  name: fc.constantFrom(
    'status',
    'job',
    'run',
    'instance',
    'snapshot',
    'sequence',
    'recordedtime',
    'x',
    '__proto__',
  ),
});

function mutate(
  event: Members,
  { place, kind, value, name }: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
) {
  const all = places(event);
  const at = all[place % all.length]!;
  const changed = structuredClone(value);
  if (kind === 'set') at.container[at.name] = changed;
  else if (kind === 'remove') Reflect.deleteProperty(at.container, at.name);
  else
    Object.defineProperty(at.container, name, {
      value: changed,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** Events as JSON, most of them with something wrong: up to three changes to an example of any type. */
export const mutatedEvents: fc.Arbitrary<string> = fc
  .record({
    type: fc.constantFrom(...READ_TYPES),
    mutations: fc.array(mutation, { maxLength: 3 }),
    text: fc.option(fc.constantFrom(...TEXTS), { freq: 6, nil: (json: string) => json }),
  })
  .map(({ type, mutations, text }) => {
    const event = exampleOf(type);
    for (const each of mutations) mutate(event, each);
    return text(JSON.stringify(event).replaceAll(`"${HUGE}"`, '1e400'));
  });
