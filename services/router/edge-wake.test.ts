import test from 'ava';
import { pino } from 'pino';
import { request } from 'undici';
import { systemClock } from '../../lib/clock.ts';
import { makeRoute, type Route } from './route-table.ts';
import { Edge } from './testing/edge.ts';
import { eventually } from './testing/eventually.ts';
import { fakeUserVm } from './testing/fake-route-source.ts';
import { startWakeServer } from './wake-server.ts';
import { Waker } from './waker.ts';

const VM = '10.66.3.7';
const table = new Map<string, Route>();
let edge: Edge;
let cookie: string;
let waker: Waker;
let stopServer: () => Promise<void>;
let powerState: 'Standby' | 'Running' | 'Stopped' = 'Standby';
let wakeCount = 0;

test.before(async () => {
  edge = await Edge.start({ suffix: 'w' });
  cookie = await edge.cookie('alice');
  await edge.network.up(VM, 'vm-alice');
  const vm = fakeUserVm({ user: 'alice' });
  waker = new Waker({
    userVms: () => [{ ...vm, spec: { ...vm.spec, powerState } }],
    table: () => table,
    wake: async () => {
      wakeCount += 1;
    },
    clock: systemClock,
    logger: pino({ level: 'silent' }),
  });
  stopServer = await startWakeServer({
    path: edge.paths.wakeSocket,
    waker,
    holdMs: { browser: 50, program: 10_000 },
  });
});

test.after.always(async () => {
  await stopServer?.();
  await edge?.stop();
});

/** The VM is where the table and HAProxy say. */
async function route(state: Route['state']): Promise<void> {
  const fields = {
    user: 'alice',
    target: 'live',
    vmId: 'vm-alice',
    containerName: 'c',
    bootId: 'b',
  } as const;
  const entry = makeRoute({ ...fields, state, ip: state === 'ready' ? VM : '' });
  await edge.setRoute('alice/live', entry.value);
  table.set('alice/live', entry);
  waker.onTable();
}

async function send(options: { accept?: string; body?: string }) {
  const { accept = '*/*', body } = options;
  const answer = await request(`http://127.0.0.1:${edge.config.ports.router}/echo`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { cookie, accept },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

async function untilAsked(count: number): Promise<void> {
  await eventually(() => {
    if (wakeCount < count) throw new Error(`asked ${wakeCount} times`);
  });
}

test.serial(
  'requests for a VM in standby are held, and served once it is up: one wake, no answer in between',
  async (t) => {
    await route('vm-standby');
    wakeCount = 0;
    const held = [
      send({ accept: '*/*' }),
      send({ body: 'x'.repeat(4_000) }),
      send({ accept: 'application/json' }),
    ];
    await untilAsked(1);
    powerState = 'Running';
    await route('vm-starting');
    await route('ready');
    for (const answer of await Promise.all(held)) {
      t.is(answer.status, 200);
      t.is(JSON.parse(answer.body).vm, 'vm-alice');
      t.is(answer.headers['x-holt-reason'], undefined);
    }
    t.true(wakeCount <= 3);
  },
);

test.serial('a browser gets a page that goes on by itself when it takes long', async (t) => {
  powerState = 'Standby';
  await route('vm-standby');
  const page = await send({ accept: 'text/html' });
  t.is(page.status, 503);
  t.is(page.headers['x-holt-reason'], 'vm-standby');
  t.is(page.headers['retry-after'], '3');
  t.regex(page.body, /Your VM sleeps/);
});

test.serial('what cannot be sent twice wakes the VM and is refused at once', async (t) => {
  wakeCount = 0;
  const answer = await send({ body: 'x'.repeat(100_000) });
  t.is(answer.status, 503);
  t.is(answer.headers['retry-after'], '3');
  await untilAsked(1);
});

test.serial('a VM that is stopped is not woken', async (t) => {
  powerState = 'Stopped';
  wakeCount = 0;
  t.is((await send({ accept: 'text/html' })).status, 503);
  t.is(wakeCount, 0);
});

test.serial('without holt-router the page says it', async (t) => {
  await stopServer();
  for (const accept of ['text/html', 'application/json']) {
    const page = await send({ accept });
    t.is(page.status, 503);
    t.is(page.headers['x-holt-reason'], 'vm-standby');
    t.is(page.headers['content-type']?.includes(accept), true);
  }
});
