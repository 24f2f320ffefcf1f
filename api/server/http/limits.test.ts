import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import test from 'ava';
import { startTestApi, type TestApi, type TestRequest } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { DEFAULT_FLOW_LIMITS } from '../flow/flow-control.ts';
import { parseDurationMs } from './request-deadline.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let api: TestApi;

test.before(async () => {
  const tight = { queues: 1, queueLength: 1, handSize: 1, waitMs: 60_000, seats: 1 };
  api = await startTestApi({
    server: {
      limits: { flow: { ...DEFAULT_FLOW_LIMITS, 'global-default': tight }, stallMs: 400, senderMs: 8_000 },
    },
  });
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'strangers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
  };
  await api.send({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: binding,
  });
  await waitUntil('the role to count', async () => (await asStranger({ path: CONFIG_MAPS })).code === 200);
});
test.after.always(() => api?.dispose());

function asStranger(request: TestRequest) {
  return api.send({ ...request, as: 'stranger' });
}

interface Held {
  readonly code: Promise<number>;
  end(body: string): void;
}

/** A POST whose body does not end before it is told to. */
async function hold(path: string, name: string): Promise<Held> {
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port: api.port, path, method: 'POST', agent: false },
    ...(await credentials(name)),
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  request.on('error', () => {});
  request.flushHeaders();
  const code = once(request, 'response').then(([response]) => {
    response.resume();
    return response.statusCode;
  });
  return { code, end: (body) => request.end(body) };
}

async function credentials(name: string) {
  const read = (file: string) => readFile(join(api.pki.dir, file));
  const [cert, key, ca] = await Promise.all([read(`${name}.crt`), read(`${name}.key`), read('ca.crt')]);
  return { cert, key, ca };
}

/** A connection of a client that does not keep to the rules. */
async function openSocket() {
  const socket = connect({ host: '127.0.0.1', port: api.port, ...(await credentials('admin')) });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

async function metric(line: RegExp): Promise<number> {
  const { text } = await api.send({ path: '/metrics' });
  return Number(line.exec(text)?.[1] ?? 0);
}

test.serial('beyond the seats and the queue it is 429 with Retry-After; others go on', async (t) => {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'slow-' } });
  // Bodies that do not end hold the seat, and the place in the queue.
  const holders = [await hold(CONFIG_MAPS, 'stranger'), await hold(CONFIG_MAPS, 'stranger')];
  await waitUntil(
    'both to wait',
    async () => (await metric(/flow_waiting\{level="global-default"\} (\d+)/)) === 1,
  );
  const refused = await asStranger({ path: CONFIG_MAPS });
  t.is(refused.code, 429);
  t.is(refused.headers['retry-after'], '1');
  t.like(refused.json, {
    kind: 'Status',
    reason: 'TooManyRequests',
    message: 'Too many requests, please try again later.',
    details: { retryAfterSeconds: 1 },
  });
  t.regex(String(refused.headers['x-kubernetes-pf-flowschema-uid']), /^[0-9a-f-]{36}$/);
  t.is((await api.send({ path: CONFIG_MAPS })).code, 200);
  for (const holder of holders) holder.end(body);
  t.deepEqual(await Promise.all(holders.map((holder) => holder.code)), [201, 201]);
  t.is((await asStranger({ path: CONFIG_MAPS })).code, 200);
  t.is(await metric(/flow_rejected_total\{level="global-default",reason="queue-full"\} (\d+)/), 1);
});

test.serial('a watch holds its seat only until it has begun', async (t) => {
  const watch = httpsRequest({
    ...{ host: '127.0.0.1', port: api.port, path: `${CONFIG_MAPS}?watch=true`, agent: false },
    ...(await credentials('stranger')),
  });
  watch.on('error', () => {});
  watch.end();
  const [response] = await once(watch, 'response');
  t.is(response.statusCode, 200);
  t.is((await asStranger({ path: CONFIG_MAPS })).code, 200);
  watch.destroy();
});

test('a timeout that is over is 504; one that is none is 400', async (t) => {
  const held = await hold(`${CONFIG_MAPS}?timeout=50ms`, 'admin');
  t.is(await held.code, 504);
  const wrong = await api.send({ path: `${CONFIG_MAPS}?timeout=soon` });
  t.is(wrong.code, 400);
  t.is((await api.send({ path: `${CONFIG_MAPS}?timeout=32s` })).code, 200);
  t.deepEqual(['1m30s', '1.5s', '250ms', '0', '5', '', '-1s'].map(parseDurationMs), [
    90_000,
    1_500,
    250,
    0,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a body above 3 MiB is 413, headers above 64 KiB are 431', async (t) => {
  const big = Buffer.alloc(3 * 1024 * 1024 + 1, ' ');
  const large = await api.send({ method: 'POST', path: CONFIG_MAPS, body: big });
  t.is(large.code, 413);
  t.is(large.json.reason, 'RequestEntityTooLarge');
  t.is((await api.send({ path: CONFIG_MAPS, headers: { 'x-large': 'a'.repeat(70_000) } })).code, 431);
  t.is((await api.send({ path: `${CONFIG_MAPS}?labelSelector=${'a'.repeat(70_000)}` })).code, 431);
});

test('a reader that reads no list is cut, and one that reads slowly has it whole', async (t) => {
  const data = { a: 'x'.repeat(900_000) };
  for (let n = 0; n < 16; n += 1) {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `big-${n}` }, data };
    t.is((await api.send({ method: 'POST', path: CONFIG_MAPS, body })).code, 201);
  }
  const socket = await openSocket();
  socket.pause();
  const closed = once(socket, 'close');
  socket.write(`GET ${CONFIG_MAPS} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await waitUntil('the cut', async () => (await metric(/cut_clients_total\{kind="reader"\} (\d+)/)) >= 1);
  socket.resume();
  await closed;
  const whole = await api.send({ path: CONFIG_MAPS });
  t.true(whole.json.items.length >= 16);
});

test('a sender that does not end its request is cut', async (t) => {
  const socket = await openSocket();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(`POST ${CONFIG_MAPS} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`);
  await once(socket, 'close');
  t.regex(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 408 /);
});
