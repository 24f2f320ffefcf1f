import test from 'ava';
import { Edge } from './testing/edge.ts';
import { bodyOf, HttpClient, readEcho, sendRaw } from './testing/http-client.ts';

const LIVE_AND_DEV = '10.66.2.2';
let edge: Edge;
let client: HttpClient;
let cookie: string;

test.before(async () => {
  edge = await Edge.start();
  await edge.network.up(LIVE_AND_DEV, 'alice');
  await edge.setRoute('alice/live', `ready|vm-alice|${LIVE_AND_DEV}|alice-live|boot1`);
  await edge.setRoute('alice/dev', `ready|vm-alice|${LIVE_AND_DEV}|alice-dev|boot1`);
  client = new HttpClient(edge.config.ports.router);
  cookie = await edge.cookie('alice');
});

test.after.always(async () => {
  await client?.close();
  await edge?.stop();
});

/** Path as sent, route that it takes, path that the VM sees. */
const PATHS: readonly (readonly [sent: string, route: string, seen: string])[] = [
  ['/', 'live', '/'],
  ['/dev', 'dev', '/dev'],
  ['/dev/', 'dev', '/dev/'],
  ['/dev/x', 'dev', '/dev/x'],
  ['/dev?x=1', 'dev', '/dev?x=1'],
  ['/dev/x?y=/../z', 'dev', '/dev/x?y=/../z'],
  ['/developer', 'live', '/developer'],
  ['/developer/dev/', 'live', '/developer/dev/'],
  ['/DEV/', 'live', '/DEV/'],
  ['/x/dev/', 'live', '/x/dev/'],
  ['/%64ev/', 'dev', '/dev/'],
  ['/%64%65%76', 'dev', '/dev'],
  ['/%2564ev/', 'live', '/%2564ev/'],
  ['/dev%2Fx', 'live', '/dev%2Fx'],
  ['/dev/../', 'live', '/'],
  ['/dev/..', 'live', '/'],
  ['/dev/../x', 'live', '/x'],
  ['/dev/%2e%2e/x', 'live', '/x'],
  ['/dev/%2E%2e/x', 'live', '/x'],
  ['/x/../dev/', 'dev', '/dev/'],
  ['/./dev/', 'dev', '/dev/'],
  ['/../../dev/', 'dev', '/dev/'],
  ['/dev/./x', 'dev', '/dev/x'],
  ['/a%20b%2fc', 'live', '/a%20b%2fc'],
];

for (const [sent, route, seen] of PATHS) {
  test.serial(`${sent} takes ${route}`, async (t) => {
    const answer = await client.send(sent, { headers: { cookie } });
    const echo = readEcho(answer);
    t.is(echo.headers['x-holt-route'], route);
    t.is(echo.url, seen);
    t.is(echo.headers['x-forwarded-prefix'], route === 'dev' ? '/dev' : undefined);
  });
}

test.serial('identity headers of a client never arrive', async (t) => {
  const forged = {
    'x-holt-user': 'bob',
    'X-Holt-Vm-Id': 'vm-bob',
    'x-holt-route': 'dev',
    'x-holt-anything': '1',
    x_holt_user: 'bob',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-user': 'bob',
    'x-real-ip': '1.2.3.4',
    forwarded: 'for=1.2.3.4',
    'proxy-authorization': 'Basic eA==',
    proxy: 'http://evil',
  };
  const { headers, rawHeaders } = readEcho(await client.send('/', { headers: { cookie, ...forged } }));
  t.is(headers['x-holt-user'], 'alice');
  t.is(headers['x-holt-vm-id'], 'vm-alice');
  t.is(headers['x-holt-route'], 'live');
  t.is(headers['x-forwarded-for'], '127.0.0.1');
  t.is(headers['x-forwarded-proto'], 'http');
  t.is(headers['x-forwarded-host'], `127.0.0.1:${edge.config.ports.router}`);
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  t.deepEqual(names.filter((name) => /holt/.test(name)).toSorted(), [
    'x-holt-route',
    'x-holt-user',
    'x-holt-vm-id',
  ]);
  for (const name of ['x-forwarded-user', 'x-real-ip', 'forwarded', 'proxy-authorization', 'proxy']) {
    t.false(names.includes(name), name);
  }
});

const raw = (lines: readonly string[]) =>
  sendRaw(edge.config.ports.router, `${[...lines, 'host: x', `cookie: ${cookie}`].join('\r\n')}\r\n\r\n`);

test.serial('Connection cannot name our headers away', async (t) => {
  const answer = bodyOf(await raw(['GET / HTTP/1.1', 'connection: close, x-holt-user, x-holt-vm-id']));
  const { headers } = readEcho(answer);
  t.is(headers['x-holt-user'], 'alice');
  t.notRegex(String(headers.connection ?? ''), /holt/);
});

test.serial('an upgrade to h2c does not leave the edge', async (t) => {
  const answer = bodyOf(
    await raw([
      'GET / HTTP/1.1',
      'connection: close, upgrade, http2-settings',
      'upgrade: h2c',
      'http2-settings: AAMAAABk',
    ]),
  );
  t.is(answer.status, 200);
  const { headers } = readEcho(answer);
  t.is(headers.upgrade, undefined);
  t.is(headers['http2-settings'], undefined);
});

test.serial('ambiguous message lengths are refused', async (t) => {
  const both = ['POST / HTTP/1.1', 'connection: close', 'content-length: 4', 'content-length: 5'];
  t.is(
    bodyOf(await sendRaw(edge.config.ports.router, `${both.join('\r\n')}\r\nhost: x\r\n\r\nabcd`)).status,
    400,
  );
});

test.serial('CONNECT is refused', async (t) => {
  const answer = bodyOf(
    await sendRaw(
      edge.config.ports.router,
      `CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\nconnection: close\r\ncookie: ${cookie}\r\n\r\n`,
    ),
  );
  t.is(answer.status, 400);
});

test.serial('traceparent passes, or is made', async (t) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const seen = async (headers: Record<string, string>) =>
    readEcho(await client.send('/', { headers: { cookie, ...headers } })).headers;
  const kept = await seen({ traceparent, tracestate: 'a=b' });
  t.is(kept.traceparent, traceparent);
  t.is(kept.tracestate, 'a=b');
  for (const bad of ['', 'x', traceparent.toUpperCase(), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
    const made = await seen({ traceparent: bad, tracestate: 'a=b' });
    t.regex(String(made.traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, bad);
    t.is(made.tracestate, undefined);
  }
  t.not((await seen({})).traceparent, (await seen({})).traceparent);
});

test.serial('a sandbox cannot set the session cookie, widen a service worker or give reasons', async (t) => {
  const query = new URLSearchParams([
    ['h.set-cookie', 'theme=dark'],
    ['h.set-cookie', '__Host-holt_session=evil; Path=/; Secure'],
    ['h.set-cookie', '__HOST-HOLT_SESSION=evil'],
    ['h.set-cookie', '=__Host-holt_session=evil'],
    ['h.service-worker-allowed', '/'],
    ['h.x-holt-reason', 'mine'],
    ['h.x-own', '1'],
  ]);
  const { headers } = await client.send(`/?${query}`, { headers: { cookie } });
  t.deepEqual(
    [headers['set-cookie']].flat().filter((value) => value !== ''),
    ['theme=dark'],
  );
  t.is(headers['service-worker-allowed'], undefined);
  t.is(headers['x-holt-reason'], undefined);
  t.is(headers['x-own'], '1');
  const alone = await client.send('/?h.set-cookie=__Host-holt_session%3Devil', { headers: { cookie } });
  t.is(alone.headers['set-cookie'], undefined);
});

test.serial("the metrics port serves HAProxy's own figures", async (t) => {
  const answer = await fetch(`http://127.0.0.1:${edge.config.ports.haproxyMetrics}/metrics`);
  t.regex(await answer.text(), /haproxy_process_uptime_seconds/);
});
