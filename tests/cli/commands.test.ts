/** The built command: exit codes, help, and one line for a mistake. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS } from '../../services/cli/settings-list';
import { freePort } from '../support/redis';
import { runCommand, startServer } from '../support/server';
import { encodeEvent } from '../../events/codec';
import { runSubmitted, tell } from '../support/told';

jest.setTimeout(180_000);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-commands-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const RUN = encodeEvent(tell({ ...runSubmitted('r'), atMs: Date.now() }));

describe('exit codes', () => {
  test.each<[string, number, RegExp, string[]]>([
    ['an unknown command', 2, /unknown command 'rendr'/, ['rendr']],
    ['an unknown option', 2, /unknown option '--evnts'/, ['render', '--events', '-', '--evnts', 'x']],
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
    ['a folder', 2, /^\/tmp: expected a file that can be read.*\n$/, ['render', '--events', '/tmp']],
    [
      'a moment that is none',
      2,
      /^--at: noon, expected an RFC 3339 time.*\n$/,
      ['render', '--events', '-', '--at', 'noon'],
    ],
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

  test('what a file has that can not be taken is counted, and the rest rendered: 0', async () => {
    const { code, stdout, stderr } = await runCommand(
      ['render', '--events', '-'],
      {},
      `nonsense\n\n${RUN}\n{"specversion":"1.0"}`,
    );
    expect([code, stderr]).toEqual([0, 'refused: 1 invalid_json\nrefused: 1 invalid_envelope\n']);
    expect(stdout).toContain('dstack_run_count_total{dstack_project_name="p",dstack_user_name="u"} 1\n');
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
      expect(help).toEqual({
        code: 0,
        stdout: expect.stringContaining(`Usage: fleetmeter ${name} `) as string,
        stderr: '',
      });
    }
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
        .filter((line) => /^line|refused$/.test(line));
      expect(lines).toEqual([
        expect.stringMatching(/^line 3: invalid_json: ./),
        expect.stringMatching(/^line 4: unknown_type: ./),
        expect.stringMatching(/^line 6: from_the_future: ./),
        '3 events were refused',
      ]);

      const stranger = await runCommand(['publish', '-'], listen, RUN);
      expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('answered 401')]);

      const page = await fetch(`${server.url}/metrics?at=${new Date(Date.now() + 60_000).toISOString()}`);
      expect(page.status).toBe(200);
      const address = await runCommand(['serve'], { ...trusted, FLEETMETER_DATA_DIR: join(dir, 'other') });
      expect([address.code, address.stderr]).toEqual([
        2,
        expect.stringContaining("can't be listened on (EADDRINUSE)"),
      ]);
      const folder = await runCommand(['serve'], { FLEETMETER_DATA_DIR: join(dir, 'data') });
      expect([folder.code, folder.stderr]).toEqual([
        1,
        expect.stringContaining('is in use by another process'),
      ]);
    } finally {
      expect(await server.terminate()).toBe(0);
    }
  });
});
