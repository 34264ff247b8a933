import { MAX_TARGETS, readTargets } from '../../services/collector/target';

const of = { instance: { id: 'i' } };

function targetsOf(groups: unknown) {
  const read = readTargets(JSON.stringify(groups));
  if (read.kind === 'unreadable') throw new Error(read.detail);
  return read;
}

function problemOf(group: unknown): string | undefined {
  const { targets, problems } = targetsOf([group]);
  expect(targets).toEqual([]);
  return problems[0];
}

test('a group of targets, each an exporter of an instance', () => {
  const { targets, problems } = targetsOf([
    { targets: ['10.0.0.1:9400', 'gpu-1:9400'], labels: { instance: 'i' } },
  ]);
  expect(problems).toEqual([]);
  expect(targets.map(({ key: _, ...target }) => target)).toEqual([
    { url: 'http://10.0.0.1:9400/metrics', exporter: 'dcgm', of },
    { url: 'http://gpu-1:9400/metrics', exporter: 'dcgm', of },
  ]);
  expect(new Set(targets.map(({ key }) => key)).size).toBe(2);
});

test('a job, another exporter, and where its page is', () => {
  const labels = {
    run: 'r',
    job: 'j',
    exporter: 'amd',
    __scheme__: 'https',
    __metrics_path__: '/gpu metrics',
    __param_collect: 'a b',
    __meta_zone: 'x',
    team: 'ml',
  };
  expect(targetsOf([{ targets: ['h:5000'], labels }]).targets).toMatchObject([
    {
      url: 'https://h:5000/gpu%20metrics?collect=a+b',
      exporter: 'amd',
      of: { run: { id: 'r' }, job: { id: 'j' } },
    },
  ]);
});

test('YAML, numbers without quotes and nothing at all', () => {
  const read = readTargets('# GPUs\n- targets:\n    - h:9400\n  labels:\n    instance: 17\n');
  expect(read).toMatchObject({
    kind: 'targets',
    problems: [],
    targets: [{ of: { instance: { id: '17' } } }],
  });
  for (const nothing of ['', '# none yet\n', '[]']) {
    expect(readTargets(nothing)).toEqual({ kind: 'targets', targets: [], problems: [] });
  }
});

test('the same target twice is one; the same page for two instances is two', () => {
  const group = { targets: ['h:1', 'h:1'], labels: { instance: 'i' } };
  expect(targetsOf([group, group, { ...group, labels: { instance: 'k' } }]).targets).toHaveLength(2);
});

test.each([
  ['{', /^neither JSON nor YAML: /],
  ['{"targets": []}', /^expected a list of groups/],
  ['"x"', /^expected a list of groups/],
])('%s is not readable', (text, detail) => {
  expect(readTargets(text)).toEqual({ kind: 'unreadable', detail: expect.stringMatching(detail) as string });
});

test('what is no target is left out with a line; the others stay', () => {
  const good = { targets: ['h:1'], labels: { instance: 'i' } };
  const { targets, problems } = targetsOf([5, good, { targets: ['h:2'] }]);
  expect(targets).toHaveLength(1);
  expect(problems).toEqual([
    'group 1: targets: expected a list of HOST:PORT',
    'group 3: labels: expected run and job, or instance, and not both: they say whose GPUs these are',
  ]);
});

test.each([
  [{ targets: 'h:1', labels: { instance: 'i' } }, /targets: expected a list/],
  [{ targets: ['http://h:1'], labels: { instance: 'i' } }, /targets: "http:\/\/h:1", expected HOST:PORT/],
  [{ targets: ['user@h:1'], labels: { instance: 'i' } }, /expected HOST:PORT/],
  [{ targets: ['h:99999'], labels: { instance: 'i' } }, /expected HOST:PORT/],
  [{ targets: [5], labels: { instance: 'i' } }, /targets: 5, expected HOST:PORT/],
  [{ targets: ['h:1'], labels: { instance: 'i', __scheme__: 'file' } }, /expected HOST:PORT/],
  [{ targets: ['h:1'], labels: { instance: 'i', job: 'j' } }, /and not both/],
  [{ targets: ['h:1'], labels: { job: 'j' } }, /expected run and job/],
  [{ targets: ['h:1'], labels: { instance: 'x'.repeat(129) } }, /of up to 128 UTF-16 units/],
  [{ targets: ['h:1'], labels: { instance: ['i'] } }, /labels\.instance: expected a text/],
  [{ targets: ['h:1'], labels: 'x' }, /labels: expected an object/],
  [
    { targets: ['h:1'], labels: { instance: 'i', exporter: 'a b' } },
    /labels\.exporter: "a b", expected a name/,
  ],
])('%j is no target', (group, problem) => {
  expect(problemOf(group)).toMatch(problem);
});

test('more targets than one process is made for are refused whole', () => {
  const addresses = Array.from({ length: MAX_TARGETS + 1 }, (_, i) => `h${String(i)}:1`);
  const read = readTargets(JSON.stringify([{ targets: addresses, labels: { instance: 'i' } }]));
  expect(read).toMatchObject({ kind: 'unreadable', detail: expect.stringContaining('at most') as string });
});
