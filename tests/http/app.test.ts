import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import { pino } from 'pino';
import { httpApp } from '../../services/http/app';

test('a bug is answered 500 without what broke, which is logged; and the next request is served', async () => {
  const logged: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const router = new Router()
    .get('/broken', () => {
      throw new Error('a secret detail');
    })
    .get('/fine', (ctx) => {
      ctx.body = { fine: true };
    });
  const respond = httpApp(logger, [
    router,
    new Router().get('/other', (ctx) => void (ctx.body = 'x')),
  ]).callback();
  const server = createServer((req, res) => void respond(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const broken = await fetch(`${url}/broken`);
    expect([broken.status, await broken.json()]).toEqual([
      500,
      {
        error: 'Internal Server Error',
        reason: 'internal',
        detail: 'this is a fault of the server, which has logged it',
      },
    ]);
    expect(logged.join()).toContain('a secret detail');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const traced = await fetch(`${url}/broken`, {
      headers: { 'x-request-id': 'from-the-proxy', traceparent },
    });
    expect(traced.headers.get('x-request-id')).toBe('from-the-proxy');
    const ids = { request_id: 'from-the-proxy', trace_id: '0af7651916cd43dd8448eb211c80319c' };
    expect(logged.slice(-2).map((line) => JSON.parse(line) as object)).toMatchObject([
      { ...ids, msg: 'a request failed' },
      { ...ids, msg: 'answered', method: 'GET', path: '/broken', status: 500 },
    ]);
    const own = await fetch(`${url}/fine`, { headers: { 'x-request-id': 'a b', traceparent: 'x' } });
    expect(own.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await (await fetch(`${url}/fine`)).json()).toEqual({ fine: true });
    expect((await fetch(`${url}/other`)).status).toBe(200);
    const missing = await fetch(`${url}/missing`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { error: 'Not Found', reason: 'not_found', detail: 'there is nothing at this path' },
    ]);
    const wrong = await fetch(`${url}/fine`, { method: 'POST', body: 'x' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'HEAD, GET']);
    expect(await wrong.json()).toMatchObject({ reason: 'wrong_method' });
    const unheardOf = await fetch(`${url}/fine`, { method: 'PROPFIND' });
    expect([unheardOf.status, unheardOf.headers.get('allow')]).toEqual([405, 'HEAD, GET']);
    expect(await unheardOf.json()).toMatchObject({ reason: 'wrong_method' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
