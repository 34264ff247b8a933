/** The tokens file: what is understood, and the line that each mistake gets, without a token in it. */
import { createHash } from 'node:crypto';
import { readTokens } from '../../services/cli/tokens';

const HEX = createHash('sha256').update('sesame').digest('hex');

function mistakesOf(text: string): readonly string[] {
  const read = readTokens(text);
  return read.ok ? [] : read.mistakes;
}

test('YAML and JSON, tokens and their hashes, for all projects or for some', () => {
  const yaml = `
- name: prometheus
  token: sesame
  may: [scrape, admin]
- name: team
  sha256: ${HEX.toUpperCase().replace('A', 'a')}0
  may: [ingest]
`;
  expect(mistakesOf(yaml)).toEqual([
    'token 2: expected either token, a text, or sha256, its 64 hexadecimal digits',
  ]);
  const json = JSON.stringify([
    { name: 'prometheus', sha256: HEX.toUpperCase(), may: ['scrape', 'admin'] },
    { name: 'team', token: 'open', may: ['ingest'], projects: ['b', 'a'] },
  ]);
  const read = readTokens(json);
  expect(read).toMatchObject({
    ok: true,
    grants: [
      { name: 'prometheus', may: ['scrape', 'admin'], projects: null },
      { name: 'team', may: ['ingest'], projects: ['a', 'b'] },
    ],
  });
  expect(read.ok && read.grants[0]?.sha256.toString('hex')).toBe(HEX);
});

test.each<[string, string | RegExp]>([
  ['{', /expected a YAML or JSON list/],
  ['- token: [s3cret', /expected a YAML or JSON list/],
  ['name: x', /expected a YAML or JSON list/],
  ['- x', /^token 1: expected \{name/],
  ['- {token: s3cret, may: [scrape]}', 'token 1: name: expected a text'],
  ['- {name: a, token: 1234, may: [scrape]}', /^token 1: expected either token/],
  [`- {name: a, token: s3cret, sha256: ${HEX}, may: [scrape]}`, /^token 1: expected either token/],
  ['- {name: a, token: s3cret}', 'token 1: may: expected a list of scrape, ingest, admin'],
  ['- {name: a, token: s3cret, may: [scrap]}', /^token 1: may: /],
  ['- {name: a, token: s3cret, may: [scrape], projects: []}', /^token 1: projects: /],
  ['- {name: a, token: s3cret, may: [scrape], project: x}', /^token 1: project: expected one of name, /],
  [
    '[{name: a, token: s3cret, may: [scrape]}, {name: a, token: other, may: [scrape]}]',
    'name: "a" is there twice',
  ],
  [
    '[{name: a, token: s3cret, may: [scrape]}, {name: b, token: s3cret, may: [scrape]}]',
    'the token of "b" is another one\'s too',
  ],
])('%s', (text, mistake) => {
  const mistakes = mistakesOf(text);
  expect(mistakes).toEqual([
    typeof mistake === 'string' ? mistake : (expect.stringMatching(mistake) as string),
  ]);
  expect(mistakes.join()).not.toContain('s3cret');
});
