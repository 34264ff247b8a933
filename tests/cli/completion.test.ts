/** What bash, zsh and fish themselves complete with the scripts. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provide } from '../support/provide';
import { runCommand, until } from '../support/server';

jest.setTimeout(120_000);

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetmeter-completion-'));
  writeFileSync(join(dir, 'fleet.ndjson'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runCommand(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(join(dir, `script.${shell}`), stdout);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the words may go on with; the last one is begun. */
function inBash(...words: readonly string[]): readonly string[] {
  const program = `source script.bash; shift; COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _fleetmeter; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', program, 'bash', '', 'fleetmeter', ...words];
  const { stdout, stderr } = spawnSync('bash', args, { cwd: dir, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

const CASES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['rend'], ['render']],
  [
    ['events', ''],
    ['export', 'import'],
  ],
  [['cost', '--fo'], ['--format']],
  [
    ['cost', '--format', ''],
    ['table', 'csv', 'json', 'focus'],
  ],
  [['cost', '--events', 'fl'], ['fleet.ndjson']],
  [['events', 'import', 'fl'], ['fleet.ndjson']],
  [['completion', 'z'], ['zsh']],
];

test.each(CASES)('bash: %j', (words, expected) => {
  const found = inBash(...words);
  // Where no word is begun, options may follow too.
  expect(found.filter((word) => !word.startsWith('--') || words.at(-1) !== '').sort()).toEqual(
    [...expected].sort(),
  );
});

test('bash: nothing is guessed of a value that is one’s own', () => {
  expect(inBash('cost', '--from', '')).toEqual([]);
  expect(inBash('cost', '')).toContain('--by');
});

test.each(CASES)('fish: %j', async (words, expected) => {
  const [fish] = (await provide('fish')).argv;
  const line = ['fleetmeter', ...words].join(' ');
  const { stdout, stderr } = spawnSync(
    fish,
    ['--no-config', '-c', `source script.fish; complete -C '${line}'`],
    {
      cwd: dir,
      encoding: 'utf8',
      env: { ...process.env, HOME: dir },
    },
  );
  expect(stderr).toBe('');
  const found = stdout.split('\n').map((one) => one.split('\t')[0] ?? '');
  expect(found.filter((one) => one !== '' && (!one.startsWith('--') || words.at(-1) !== '')).sort()).toEqual(
    [...expected].sort(),
  );
});

/** Without the bell and the terminal's modes. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}(?:\[\?\d+[hl])?/gu, '');
}

/** Types into a zsh in a terminal of its own, and waits until the line is as it should be. */
test.each([
  ['fleetmeter rend\t', 'fleetmeter render '],
  ['fleetmeter cost --fo\t', 'fleetmeter cost --format '],
  ['fleetmeter cost --format f\t', 'fleetmeter cost --format focus '],
  ['fleetmeter events import fl\t', 'fleetmeter events import fleet.ndjson '],
])('zsh: %j', async (typed, line) => {
  const [zsh] = (await provide('zsh')).argv;
  const shell = spawn('script', ['-qfec', `${zsh} -fi`, '/dev/null'], {
    cwd: dir,
    env: { ...process.env, TERM: 'dumb', HOME: dir },
  });
  let shown = '';
  shell.stdout.on('data', (chunk: Buffer) => (shown += plain(chunk.toString())));
  const ended = once(shell, 'exit');
  try {
    shell.stdin.write("autoload -Uz compinit; compinit -D -u; source script.zsh; PS1='rea''dy> '\n");
    await until(
      () => shown.includes('ready> '),
      30_000,
      () => `no prompt: ${shown}`,
    );
    shell.stdin.write(typed);
    await until(
      () => shown.includes(`ready> ${line}`),
      30_000,
      () => `not completed: ${JSON.stringify(shown)}`,
    );
  } finally {
    shell.kill('SIGKILL');
    await ended;
  }
});
