export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, and how to sign in. */
export interface RedisAddress {
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: boolean;
  readonly at:
    | ({ readonly kind: 'server'; readonly db: number } & RedisNode)
    /** The sentinels know which server is the primary of that name. */
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly RedisNode[];
        readonly name: string;
        readonly db: number;
      }
    /** Some of the nodes; they tell of the others. */
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] };
}

export type ParsedRedisUrl =
  | { readonly kind: 'address'; readonly address: RedisAddress }
  /** `detail` never repeats the URL, which may contain a password. */
  | { readonly kind: 'invalid'; readonly detail: string };

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads one of
 * - `redis[s]://[[user]:password@]host[:port][/db]`
 * - `redis[s]+sentinel://[[user]:password@]host[:port][,host[:port]…]/name[/db]`: hosts are sentinels, the
 *   rest is the servers'
 * - `redis[s]+cluster://[[user]:password@]host[:port][,host[:port]…]`
 */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  const several = /^(rediss?)\+(sentinel|cluster):\/\/(.*@)?([^/@]*)(?:\/(.*))?$/.exec(text);
  if (several === null) return parseServer(text, REDIS_PORT);
  const [, scheme = '', kind, credentials = '', hosts = '', path = ''] = several;
  const port = kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT;
  if (hosts.split(',').includes('')) return invalid('expected a host after redis://, and after each comma');
  const servers = hosts.split(',').map((host) => parseServer(`${scheme}://${credentials}${host}`, port));
  const nodes: RedisNode[] = [];
  for (const server of servers) {
    if (server.kind === 'invalid') return server;
    if (server.address.at.kind === 'server') nodes.push(nodeOf(server.address.at));
  }
  const [first] = servers;
  if (first?.kind !== 'address') return invalid('expected a host after redis://');
  const { username, password, tls } = first.address;
  if (kind === 'cluster') {
    if (path !== '') return invalid('expected nothing after the hosts: a Redis Cluster has one database');
    return { kind: 'address', address: { username, password, tls, at: { kind, nodes } } };
  }
  const [, name = '', db = '0'] = /^([^/?#]+)(?:\/(\d{1,4})?)?$/.exec(path) ?? [];
  if (name === '') {
    return invalid(
      "expected the primary's name, as the sentinels know it, and perhaps a database number after the hosts: /mymaster/0",
    );
  }
  const at = { kind: 'sentinel' as const, sentinels: nodes, name, db: Number(db) };
  return { kind: 'address', address: { username, password, tls, at } };
}

function nodeOf({ host, port }: RedisNode): RedisNode {
  return { host, port };
}

function parseServer(text: string, defaultPort: number): ParsedRedisUrl {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) {
    return invalid(
      'expected redis://[[user]:password@]host[:port][/db], redis+sentinel://…host[:port],host[:port]/name or ' +
        'redis+cluster://…host[:port],host[:port]; rediss… for TLS',
    );
  }
  const url = new URL(text);
  if (url.hostname === '') return invalid('expected a host after redis://');
  if (url.search !== '' || url.hash !== '') {
    return invalid(
      'expected nothing after the database number: ? and # are not understood (in a password: %3F, %23)',
    );
  }
  const db = url.pathname.replace(/^\/$/, '').replace(/^\//, '');
  if (!/^\d{0,4}$/.test(db)) return invalid('expected a database number after the host, such as /0');
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === null || password === null) {
    return invalid('expected user and password in percent encoding (a % itself is written %25)');
  }
  return {
    kind: 'address',
    address: {
      username: username === '' ? null : username,
      password: password === '' ? null : password,
      tls: url.protocol === 'rediss:',
      at: {
        kind: 'server',
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? defaultPort : Number(url.port),
        db: Number(db),
      },
    },
  };
}

function invalid(detail: string): ParsedRedisUrl {
  return { kind: 'invalid', detail };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
