import { parseRedisUrl } from '../../services/store/redis/address';

const access = { username: null, password: null, tls: false };
const server = { kind: 'server', port: 6379, db: 0 };
const nodes = [
  { host: 'a', port: 1 },
  { host: '::1', port: 2 },
];

test.each([
  ['redis://cache', { ...access, at: { ...server, host: 'cache' } }],
  ['redis://cache/', { ...access, at: { ...server, host: 'cache' } }],
  ['redis://127.0.0.1:7000/3', { ...access, at: { ...server, host: '127.0.0.1', port: 7000, db: 3 } }],
  ['redis://[::1]:7000', { ...access, at: { ...server, host: '::1', port: 7000 } }],
  ['redis://:p%40ss%2Fword@cache', { ...access, password: 'p@ss/word', at: { ...server, host: 'cache' } }],
  [
    'rediss://user:secret@cache:6380/0',
    { username: 'user', password: 'secret', tls: true, at: { ...server, host: 'cache', port: 6380 } },
  ],
  [
    'redis+sentinel://a:1,[::1]:2/mymaster',
    { ...access, at: { kind: 'sentinel', sentinels: nodes, name: 'mymaster', db: 0 } },
  ],
  [
    'rediss+sentinel://user:secret@a/mymaster/3',
    {
      ...{ username: 'user', password: 'secret', tls: true },
      at: { kind: 'sentinel', sentinels: [{ host: 'a', port: 26379 }], name: 'mymaster', db: 3 },
    },
  ],
  ['redis+cluster://:p%40ss@a:1,[::1]:2', { ...access, password: 'p@ss', at: { kind: 'cluster', nodes } }],
  ['redis+cluster://a', { ...access, at: { kind: 'cluster', nodes: [{ host: 'a', port: 6379 }] } }],
])('%s', (url, address) => {
  expect(parseRedisUrl(url)).toEqual({ kind: 'address', address });
});

test.each([
  ['cache:6379', 'expected redis://'],
  ['http://cache', 'expected redis://'],
  ['', 'expected redis://'],
  ['redis://:secret@', 'expected redis://'],
  ['redis://cache:99999', 'expected redis://'],
  ['redis://cache/secret', 'expected a database number'],
  ['redis://cache/1/2', 'expected a database number'],
  ['redis://cache?enableOfflineQueue=true', 'expected nothing after the database number'],
  ['redis://:secret#1@cache', 'expected redis://'],
  ['redis://:secret%zz@cache', 'percent encoding'],
  ['redis+sentinel://:secret@a,b', "expected the primary's name"],
  ['redis+sentinel://a,b/', "expected the primary's name"],
  ['redis+sentinel://a/secret/one', "expected the primary's name"],
  ['redis+sentinel://a,,b/mymaster', 'expected a host'],
  ['redis+sentinel:///mymaster', 'expected a host'],
  ['redis+sentinel://a:99999/mymaster', 'expected redis://'],
  ['redis+cluster://:secret@a/1', 'expected nothing after the hosts'],
  ['redis+other://a', 'expected redis://'],
])('%s is refused, and not repeated', (url, why) => {
  const parsed = parseRedisUrl(url);
  expect(parsed).toEqual({ kind: 'invalid', detail: expect.stringContaining(why) as string });
  expect(JSON.stringify(parsed)).not.toContain('secret');
});
