import test from 'ava';
import { EDGE_ANSWERS, ROUTE_REASONS, type RouteReason } from './reasons.ts';
import { Edge } from './testing/edge.ts';
import { HttpClient, readEcho } from './testing/http-client.ts';

const VM = '10.66.3.3';
let edge: Edge;
let client: HttpClient;
let cookie: string;

test.before(async () => {
  edge = await Edge.start();
  client = new HttpClient(edge.config.ports.router);
  cookie = await edge.cookie('alice');
});

test.after.always(async () => {
  await client?.close();
  await edge?.stop();
});

const get = (path = '/', accept = 'text/html') => client.send(path, { headers: { cookie, accept } });
const route = (state: string, ip = VM) =>
  edge.setRoute('alice/live', `${state}|vm-alice|${ip}|alice-live|boot1`);

for (const state of ROUTE_REASONS) {
  test.serial(`the page of ${state}`, async (t) => {
    await route(state);
    const { retryAfterSeconds, title } = EDGE_ANSWERS[state satisfies RouteReason];
    const page = await get();
    t.is(page.status, 503);
    t.is(page.headers['x-holt-reason'], state);
    t.is(page.headers['retry-after'], String(retryAfterSeconds));
    t.is(page.headers['cache-control'], 'no-store');
    t.true(page.body.includes(`<h1>${title}</h1>`));
    const json = await get('/', 'application/json');
    t.is(json.status, 503);
    t.is(json.headers['content-type'], 'application/json');
    t.is(json.headers['x-holt-reason'], state);
    t.like(JSON.parse(json.body), { status: 503, reason: state, retryable: true, retryAfterSeconds });
  });
}

test.serial('a state that the configuration does not know is a page too', async (t) => {
  await route('something-new');
  const page = await get();
  t.is(page.status, 503);
  t.is(page.headers['retry-after'], '2');
});

test.serial('addresses outside the VM network, and the bridge, are never connected to', async (t) => {
  for (const address of [
    '127.0.0.1',
    '10.67.0.5',
    '169.254.169.254',
    '10.66.0.1',
    '0.0.0.0',
    '',
    'localhost',
    '::1',
  ]) {
    await route('ready', address);
    const page = await get();
    t.is(page.status, 503, address);
    t.is(page.headers['x-holt-reason'], 'route-refused', address);
  }
});

test.serial('a VM that refuses connections is a page with Retry-After, soon', async (t) => {
  await edge.network.up(VM, 'alice');
  await route('ready');
  t.is(readEcho(await get()).vm, 'alice');
  await edge.network.down(VM);
  const startedMs = performance.now();
  const page = await get();
  t.true(performance.now() - startedMs < 4000);
  t.is(page.status, 503);
  t.is(page.headers['x-holt-reason'], 'upstream-unreachable');
  t.is(page.headers['retry-after'], '2');
  t.regex(page.body, /<meta http-equiv="refresh" content="2">/);
  const json = await get('/', 'application/json');
  t.is(json.status, 503);
  t.is(JSON.parse(json.body).reason, 'upstream-unreachable');
  await edge.network.up(VM, 'alice');
  t.is((await get()).status, 200);
});

test.serial('a VM whose address is silent is a page as well', async (t) => {
  await route('ready', '10.66.9.9');
  const startedMs = performance.now();
  const page = await get();
  t.true(performance.now() - startedMs < 10_000);
  t.is(page.status, 503);
  t.is(page.headers['x-holt-reason'], 'upstream-unreachable');
});

test.serial('a VM that dies in the middle of a request is a page, not a bare 502', async (t) => {
  await route('ready');
  const page = await get('/?cut');
  t.is(page.status, 503);
  t.is(page.headers['x-holt-reason'], 'upstream-unreachable');
  t.is(page.headers['retry-after'], '2');
});

const GUEST_ANSWERS: readonly (readonly [status: number, guest: string, status: number, reason: string])[] = [
  [421, 'wrong-vm', 503, 'upstream-unreachable'],
  [503, 'not-routed', 503, 'container-not-ready'],
  [503, 'container-unreachable', 503, 'container-not-ready'],
  [502, 'container-failed', 503, 'container-not-ready'],
  [504, 'container-timeout', 504, 'upstream-timeout'],
];

for (const [guestStatus, guestReason, status, reason] of GUEST_ANSWERS) {
  test.serial(`the guest ingress says ${guestReason}`, async (t) => {
    await route('ready');
    for (const accept of ['text/html', 'application/json']) {
      const page = await get(`/?status=${guestStatus}&h.x-holt-reason=${guestReason}`, accept);
      t.is(page.status, status);
      t.is(page.headers['x-holt-reason'], reason);
      t.truthy(page.headers['retry-after']);
      t.regex(
        String(page.headers['content-type']),
        accept === 'text/html' ? /^text\/html/ : /^application\/json$/,
      );
    }
  });
}

test.serial("a sandbox's own errors pass as they are", async (t) => {
  await route('ready');
  for (const status of [404, 421, 500, 502, 503, 504]) {
    const answer = await get(`/?status=${status}`);
    t.is(answer.status, status);
    t.is(answer.headers['x-holt-reason'], undefined);
    t.is(readEcho(answer).vm, 'alice');
  }
});
