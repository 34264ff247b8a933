/**
 * Commands that speak to a server with TLS of its own: what they trust, what they show, and the one line
 * where that doesn't fit.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certify } from '../support/certificates';
import { runCommand, startServer, until, type Server } from '../support/server';

type Settings = Readonly<Record<string, string>>;

let dir: string;
let mutual: Server;
let oneSided: Server;
const at = (name: string): string => join(dir, name);
const serverTls = { FLEETMETER_TLS_CERT_FILE: '', FLEETMETER_TLS_KEY_FILE: '' };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-client-'));
  certify(dir, { name: 'authority' });
  certify(dir, { name: 'clients' });
  // As an operator has it: signed by an authority, for a name that loopback has not.
  certify(dir, { name: 'server', issuer: 'authority', names: 'DNS:fleetmeter.example.org' });
  certify(dir, { name: 'local', issuer: 'authority' });
  certify(dir, { name: 'sender', issuer: 'clients' });
  writeFileSync(at('fleet.ndjson'), `${event()}\n`);
  Object.assign(serverTls, {
    FLEETMETER_TLS_CERT_FILE: at('server.crt'),
    FLEETMETER_TLS_KEY_FILE: at('server.key'),
  });
  mutual = await startServer({
    ...serverTls,
    FLEETMETER_TLS_CLIENT_CA_FILE: at('clients.crt'),
    FLEETMETER_DATA_DIR: at('mutual'),
  });
  oneSided = await startServer({
    FLEETMETER_TLS_CERT_FILE: at('local.crt'),
    FLEETMETER_TLS_KEY_FILE: at('local.key'),
    FLEETMETER_DATA_DIR: at('one-sided'),
  });
}, 60_000);
afterAll(async () => {
  await Promise.all([mutual.kill(), oneSided.kill()]);
  rmSync(dir, { recursive: true, force: true });
});

function event(): string {
  const data = { project: 'p', instance: { id: 'i', name: 'i' }, price: { dollars_per_hour: 1 } };
  const envelope = { specversion: '1.0', id: '1', source: '/test', time: new Date().toISOString() };
  return JSON.stringify({ ...envelope, type: 'fleetmeter.instance.started.v1', data });
}

const listen = ({ url }: Server): Settings => ({ FLEETMETER_LISTEN: new URL(url).host });
const own = (): Settings => ({
  FLEETMETER_TLS_CLIENT_CERT_FILE: at('sender.crt'),
  FLEETMETER_TLS_CLIENT_KEY_FILE: at('sender.key'),
});

async function worksWith(settings: Settings): Promise<void> {
  const published = await runCommand(['publish', at('fleet.ndjson')], settings);
  expect([published.code, published.stderr]).toEqual([
    0,
    expect.stringContaining('accepted 1 event, refused 0\n'),
  ]);
  await until(
    async () => (await runCommand(['top', '--once'], settings)).stdout.includes('instances: 1'),
    30_000,
    () => 'top does not show the instance',
  );
}

test("with the server's own settings, and a client's certificate where it asks for one", async () => {
  const settings = {
    ...listen(mutual),
    ...serverTls,
    ...own(),
    FLEETMETER_TLS_CLIENT_CA_FILE: at('clients.crt'),
  };
  await worksWith(settings);
}, 60_000);

test('elsewhere, with the authorities of its certificate', async () => {
  await worksWith({ ...listen(oneSided), FLEETMETER_TLS_CA_FILE: at('authority.crt') });
}, 60_000);

test.each<[string, () => Settings, number, RegExp]>([
  ['plain HTTP', () => listen(oneSided), 3, /hangs up: if it speaks TLS, set FLEETMETER_TLS_CA_FILE/],
  [
    'the authorities of somebody else',
    () => ({ ...listen(oneSided), FLEETMETER_TLS_CA_FILE: at('clients.crt') }),
    2,
    /not trusted \(UNABLE_TO_\w+\): set FLEETMETER_TLS_CA_FILE/,
  ],
  [
    'a name that is not the certificate’s',
    () => ({ ...listen(mutual), ...own(), FLEETMETER_TLS_CA_FILE: at('authority.crt') }),
    2,
    /not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  ],
  [
    'no certificate, where one is asked for',
    () => ({ ...listen(mutual), ...serverTls }),
    2,
    /accepts no client without a certificate: set FLEETMETER_TLS_CLIENT_CERT_FILE and FLEETMETER_TLS_CLIENT_KEY_FILE$/,
  ],
  [
    'no certificate, and the settings say that one is asked for',
    () => ({ ...listen(mutual), ...serverTls, FLEETMETER_TLS_CLIENT_CA_FILE: at('clients.crt') }),
    2,
    /^FLEETMETER_TLS_CLIENT_CA_FILE: .*set FLEETMETER_TLS_CLIENT_CERT_FILE/,
  ],
  [
    'nobody there',
    () => ({ FLEETMETER_LISTEN: '127.0.0.1:1', FLEETMETER_TLS_CA_FILE: at('authority.crt') }),
    3,
    /^no server answers at https:\/\/127.0.0.1:1: /,
  ],
])(
  '%s: one line that says what to do',
  async (_, settings, code, line) => {
    const commands = [
      ['publish', at('fleet.ndjson')],
      ['top', '--once'],
    ];
    const runs = await Promise.all(commands.map((args) => runCommand(args, settings())));
    for (const run of runs) {
      expect(run.stderr.trim().split('\n').at(-1)).toMatch(line);
      expect(run.code).toBe(code);
    }
  },
  60_000,
);

test('TLS to a server that speaks none', async () => {
  const plain = await startServer({ FLEETMETER_DATA_DIR: at('plain') });
  try {
    const run = await runCommand(['top', '--once'], {
      ...listen(plain),
      FLEETMETER_TLS_CA_FILE: at('authority.crt'),
    });
    expect([run.code, run.stderr]).toEqual([
      2,
      expect.stringMatching(/^.* speaks no TLS: unset FLEETMETER_TLS_.*\n$/),
    ]);
  } finally {
    await plain.kill();
  }
}, 60_000);
