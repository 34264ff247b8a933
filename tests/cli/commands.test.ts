/** The built command: exit codes, help, and one line for a mistake. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { version } from '../../package.json';
import { SETTINGS } from '../../services/cli/settings-list';
import { freePort } from '../support/ports';
import { runCommand, startServer } from '../support/server';
import { encodeEvent } from '../../events/codec';
import { runSubmitted, tell } from '../support/told';

jest.setTimeout(180_000);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-commands-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const FROM = '2026-11-24T08:00:00Z';
const RUN = encodeEvent(tell({ ...runSubmitted('r'), atMs: Date.now() }));

describe('exit codes', () => {
  test.each<[string, number, RegExp, string[]]>([
    ['an unknown command', 2, /^error: unknown command 'rendr' \(Did you mean render\?\)\n$/, ['rendr']],
    [
      'an unknown option',
      2,
      /^error: unknown option '--evnts' \(Did you mean --events\?\)\n$/,
      ['render', '--events', '-', '--evnts', 'x'],
    ],
    ['a missing option', 2, /--events/, ['render']],
    ['a missing argument', 2, /file/, ['publish']],
    ['a format that there is not', 2, /text, openmetrics/, ['render', '--events', '-', '--format', 'xml']],
    [
      'a missing file',
      2,
      /^\/no\/such\/file: expected a file that can be read.*\n$/,
      ['render', '--events', '/no/such/file'],
    ],
    [
      'a missing file to publish',
      2,
      /^\/no\/such\/file: expected a file that can be read.*\n$/,
      ['publish', '/no/such/file'],
    ],
    [
      'a token of two lines',
      2,
      /^--token-file: package.json, expected a file that holds a token, one word on one line\n$/,
      ['bridge', 'dstack', '--url', 'http://127.0.0.1:1', '--token-file', 'package.json', '--once'],
    ],
    ['a folder', 2, /^\/tmp: expected a file that can be read.*\n$/, ['render', '--events', '/tmp']],
    [
      'a moment that is none',
      2,
      /^--at: noon, expected an RFC 3339 time.*\n$/,
      ['render', '--events', '-', '--at', 'noon'],
    ],
    [
      'a fleet that no machine holds',
      2,
      /^--demo: 100000000, expected at most \d+ jobs: so many take about 40000.0 GB of memory.*\n$/,
      ['serve', '--demo', '100000000'],
    ],
    ['no fleet', 2, /^--jobs: 0, expected at least 1\n$/, ['demo', '--jobs', '0']],
    ['a count that is none', 2, /expected a whole number/, ['demo', '--jobs', 'many']],
  ])('%s: %i', async (_, code, said, args) => {
    const run = await runCommand(args);
    expect(run).toEqual({ code, stdout: '', stderr: expect.stringMatching(said) as string });
  });

  test('a wrong setting: 2, a line each', async () => {
    const wrong = { FLEETMETER_PARTITIONS: 'many', FLEETMETER_LATENES_SECONDS: '1' };
    for (const args of [['serve'], ['render', '--events', '-']]) {
      const { code, stdout, stderr } = await runCommand(args, wrong);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.trimEnd().split('\n')).toEqual([
        expect.stringContaining('did you mean FLEETMETER_LATENESS_SECONDS?'),
        expect.stringContaining('FLEETMETER_PARTITIONS: many'),
      ]);
    }
  });

  test('publish with no server: 3', async () => {
    const listen = { FLEETMETER_LISTEN: `127.0.0.1:${await freePort()}` };
    const { code, stderr } = await runCommand(['publish', '-'], listen, `${RUN}\n`);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^no server answers at http:\/\/127\.0\.0\.1.*\n$/),
    ]);
  });

  test('with brokers alone, what uses no store is content: 3 where Kafka is away, 2 for what needs Redis', async () => {
    const brokers = { FLEETMETER_KAFKA_BROKERS: `127.0.0.1:${await freePort()}` };
    for (const command of [['topics'], ['topics', '--check']]) {
      const { code, stderr } = await runCommand(command, brokers);
      expect([command, code, stderr]).toEqual([command, 3, expect.stringMatching(/^Kafka is away: .*\n$/)]);
    }
    for (const command of ['replay', 'verify', 'serve']) {
      const { code, stderr } = await runCommand([command], brokers);
      expect([command, code, stderr]).toEqual([
        command,
        2,
        expect.stringMatching(/^FLEETMETER_REDIS_URL: is needed .*\n$/),
      ]);
    }
  });

  test('render of nothing is a page: 0', async () => {
    const { code, stdout, stderr } = await runCommand(['render', '--events', '-']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('fleetmeter_page_timestamp_seconds 0\n');
  });

  test('what a file has that can not be taken is named, ten of it, and counted, and the rest rendered: 0', async () => {
    const { code, stdout, stderr } = await runCommand(
      ['render', '--events', '-'],
      {},
      [...Array<string>(12).fill('nonsense'), '', RUN, RUN.replace('"id":"r"', '"id":17')].join('\n'),
    );
    const lines = stderr.trimEnd().split('\n');
    expect([code, lines.length]).toEqual([0, 12]);
    expect(lines[0]).toMatch(/^line 1: invalid_json: event: "nonsense", expected JSON/);
    expect(lines[9]).toMatch(/^line 10: /);
    expect(lines.slice(10)).toEqual(['refused: 12 invalid_json', 'refused: 1 invalid_data']);
    expect(stdout).toContain('dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"} 1\n');
  });

  test.each([
    ['render', ['render', '--events', '-']],
    ['explain', ['explain', 'dstack_run_count_total', '--events', '-']],
    ['backfill', ['backfill', '--events', '-', '--from', FROM, '--to', FROM, '--out', 'out']],
  ])('%s of a file of which nothing can be taken: 1, and no figures', async (_, [command = '', ...args]) => {
    const wrong = RUN.replace('"id":"r"', '"id":17');
    const out = args.map((arg) => (arg === 'out' ? join(dir, 'out') : arg));
    const { code, stdout, stderr } = await runCommand([command, ...out], {}, `${wrong}\n\n`);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'line 1: invalid_data: data.run.id: 17, expected a text of 1 to 128 UTF-16 units',
      'refused: 1 invalid_data',
      '-: no event could be taken, all 1 were refused',
    ]);
  });

  test('a file as Windows writes it, and a packed one, are read by every command; UTF-16 by none', async () => {
    const [windows, packed, utf16] = ['windows.ndjson', 'packed.ndjson.gz', 'utf16.ndjson'].map((name) =>
      join(dir, name),
    );
    if (windows === undefined || packed === undefined || utf16 === undefined) throw new Error('no names');
    writeFileSync(windows, `\ufeff${RUN}\r\n`);
    writeFileSync(packed, gzipSync(`${RUN}\n`));
    writeFileSync(utf16, Buffer.from(`\ufeff${RUN}\r\n`, 'utf16le'));
    const plain = await runCommand(['render', '--events', '-'], {}, `${RUN}\n`);
    for (const file of [windows, packed]) {
      expect(await runCommand(['render', '--events', file])).toEqual(plain);
      const data = { FLEETMETER_DATA_DIR: `${file}.data` };
      expect((await runCommand(['events', 'import', file], data)).code).toBe(0);
      const exported = await runCommand(['events', 'export', '-'], data);
      expect(JSON.parse(exported.stdout)).toMatchObject({ data: { run: { id: 'r' } } });
    }
    for (const command of [
      ['render', '--events', utf16],
      ['publish', utf16],
      ['explain', 'dstack_run_count_total', '--events', utf16],
      ['events', 'import', utf16],
    ]) {
      const { code, stdout, stderr } = await runCommand(command, { FLEETMETER_DATA_DIR: join(dir, 'none') });
      expect([command, code, stdout]).toEqual([command, 1, '']);
      expect(stderr).toContain('utf16.ndjson: it is UTF-16, expected UTF-8');
    }
  });
});

describe('--help', () => {
  test('of each command is printed, and of all of them', async () => {
    const { code, stdout, stderr } = await runCommand(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help');
    expect(commands).toEqual(expect.arrayContaining(['serve', 'render', 'publish', 'demo']));
    for (const name of commands) {
      const help = await runCommand([name, '--help']);
      expect([help.code, help.stderr]).toEqual([0, '']);
      expect(help.stdout).toContain(`Usage: fleetmeter ${name} `);
      const parts = [...help.stdout.matchAll(/^ {2}([a-z][a-z-]*) (?:\[|<)/gm)].map(([, part = '']) => part);
      for (const part of parts.filter((part) => part !== 'help')) {
        const { stdout: text } = await runCommand([name, part, '--help']);
        expect(text).toMatch(new RegExp(`\nExamples:\n(?: {2}.*\n)*.*fleetmeter ${name} ${part} `));
      }
      if (parts.length === 0)
        expect(help.stdout).toMatch(new RegExp(`\nExamples:\n(?: {2}.*\n)*.*fleetmeter ${name}`));
    }
  });

  test('--version is that of the package', async () => {
    expect(await runCommand(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('of serve has every setting with its default, whatever is set', async () => {
    const { code, stdout } = await runCommand(['serve', '--help'], { FLEETMETER_PARTITIONS: 'many' });
    expect(code).toBe(0);
    for (const { name, byDefault } of SETTINGS) expect(stdout).toContain(`  ${name} (${byDefault})\n`);
  });
});

describe('publish to a server', () => {
  test('puts a file on the log; of what is refused it says the lines: 1', async () => {
    const server = await startServer({
      FLEETMETER_DATA_DIR: join(dir, 'data'),
      FLEETMETER_INGEST_TOKEN: 'sesame',
    });
    const listen = { FLEETMETER_LISTEN: new URL(server.url).host };
    const trusted = { ...listen, FLEETMETER_INGEST_TOKEN: 'sesame' };
    try {
      const good = await runCommand(['publish', '-'], trusted, `${RUN}\n`);
      expect(good.code).toBe(0);

      const future = encodeEvent(tell({ ...runSubmitted('later'), atMs: Date.now() + 86_400_000 }));
      const unknown = RUN.replace('run.submitted', 'run.imagined');
      const mixed = await runCommand(
        ['publish', '-'],
        trusted,
        `${RUN}\n\nnonsense\n${unknown}\n${RUN}\n${future}`,
      );
      expect(mixed.code).toBe(1);
      const lines = mixed.stderr
        .trimEnd()
        .split('\n')
        .filter((line) => /^line|^accepted|refused$/.test(line));
      expect(lines).toEqual([
        expect.stringMatching(/^line 3: invalid_json: ./),
        expect.stringMatching(/^line 4: unknown_type: ./),
        expect.stringMatching(/^line 6: from_the_future: ./),
        'accepted 2 events, refused 3',
        '3 events were refused',
      ]);

      const stranger = await runCommand(['publish', '-'], listen, RUN);
      expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('answered 401')]);

      const page = await fetch(`${server.url}/metrics?at=${new Date(Date.now() + 60_000).toISOString()}`);
      expect(page.status).toBe(200);
      const address = await runCommand(['serve'], { ...trusted, FLEETMETER_DATA_DIR: join(dir, 'other') });
      expect([address.code, address.stderr]).toEqual([
        2,
        expect.stringContaining("can't be used to listen on (EADDRINUSE)"),
      ]);
      const folder = await runCommand(['serve'], { FLEETMETER_DATA_DIR: join(dir, 'data') });
      expect([folder.code, folder.stderr]).toEqual([
        3,
        expect.stringContaining('is in use by another process'),
      ]);
    } finally {
      expect(await server.terminate()).toBe(0);
    }
  });
});
