import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { buildVmConfig } from './vm-config.ts';
import { VmmClient } from './vmm-client.ts';
import { VmmApiError, VmmUnreachableError, type VmmUnreachableReason } from './vmm-error.ts';

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

async function tempSocket(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'vmm-'));
  t.teardown(() => rm(dir, { recursive: true }));
  return join(dir, 'api.sock');
}

async function vmm(t: ExecutionContext, answer: Answer, timeoutMs = 5_000): Promise<VmmClient> {
  const socketPath = await tempSocket(t);
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, body, response);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return new VmmClient({ socketPath, timeoutMs });
}

const config = buildVmConfig({
  kernel: '/k',
  initramfs: '/i',
  cmdline: 'ä',
  cpus: 1,
  memoryBytes: 2 ** 29,
  rootDisk: '/r',
  dataDisk: '/d',
  tap: 'ht-1',
  mac: '02:00:00:00:00:01',
  vsockSocket: '/v',
  consoleLog: '/c',
});

test('bodies carry their length in bytes, and an absent one has length 0', async (t) => {
  const seen: string[] = [];
  const client = await vmm(t, ({ method, url, headers }, body, response) => {
    seen.push(
      `${method} ${url} ${headers['content-length']} ${Buffer.byteLength(body)} ${headers['transfer-encoding']}`,
    );
    response.writeHead(204).end();
  });
  await client.create(config);
  await client.boot();
  const length = Buffer.byteLength(JSON.stringify(config));
  t.deepEqual(seen, [
    `PUT /api/v1/vm.create ${length} ${length} undefined`,
    'PUT /api/v1/vm.boot 0 0 undefined',
  ]);
});

test('answers are read', async (t) => {
  const answers: Record<string, unknown> = {
    '/api/v1/vmm.ping': { version: '53.0.0', build_version: 'v53.0', pid: 7, features: ['kvm'] },
    '/api/v1/vm.info': { config: { cpus: {} }, state: 'Running', memory_actual_size: 5, device_tree: {} },
    '/api/v1/vm.counters': { _disk0: { read_bytes: 1, read_latency_min: 2 ** 64 } },
  };
  const client = await vmm(t, ({ url }, _body, response) => response.end(JSON.stringify(answers[url ?? ''])));
  t.is((await client.ping()).pid, 7);
  t.is((await client.info()).state, 'Running');
  t.is((await client.counters())._disk0?.read_bytes, 1);
});

test('an error answer becomes its status and cause chain', async (t) => {
  const client = await vmm(t, (_request, _body, response) => {
    response.writeHead(404).end('["Error from API","The VM could not boot","VM config is missing"]');
  });
  const error = await t.throwsAsync(client.boot(), { instanceOf: VmmApiError });
  t.is(error?.call, 'vm.boot');
  t.true(error?.isVmNotCreated);
  t.deepEqual(error?.causes, ['Error from API', 'The VM could not boot', 'VM config is missing']);
  t.is(error?.message, 'vm.boot: HTTP 404: Error from API: The VM could not boot: VM config is missing');
});

test('an error answer of the HTTP layer keeps its text', async (t) => {
  const client = await vmm(t, (_request, _body, response) =>
    response.writeHead(503).end('{ "error": "Too many" }'),
  );
  const error = await t.throwsAsync(client.boot(), { instanceOf: VmmApiError });
  t.deepEqual(error?.causes, ['{ "error": "Too many" }']);
});

async function reasonOf(
  t: ExecutionContext,
  promise: Promise<unknown>,
): Promise<VmmUnreachableReason | undefined> {
  return (await t.throwsAsync(promise, { instanceOf: VmmUnreachableError }))?.reason;
}

test('no answer: absent, stale, silent, broken, malformed, aborted', async (t) => {
  t.is(await reasonOf(t, new VmmClient({ socketPath: '/nonexistent/s' }).ping()), 'absent');
  const silent = await vmm(t, () => {}, 50);
  t.is(await reasonOf(t, silent.ping()), 'timeout');
  const controller = new AbortController();
  const pending = reasonOf(t, silent.ping({ signal: controller.signal, timeoutMs: 5_000 }));
  controller.abort();
  t.is(await pending, 'aborted');
  t.is(await reasonOf(t, silent.ping({ signal: controller.signal })), 'aborted');
  const broken = await vmm(t, (request) => request.socket.destroy());
  t.is(await reasonOf(t, broken.ping()), 'broken');
  const malformed = await vmm(t, (_request, _body, response) => response.end('{"version":7}'));
  t.is(await reasonOf(t, malformed.ping()), 'malformed');
  const text = await vmm(t, (_request, _body, response) => response.end('hello'));
  t.is(await reasonOf(t, text.ping()), 'malformed');
});

test('a server that speaks no HTTP is malformed', async (t) => {
  const socketPath = await tempSocket(t);
  const open = new Set<Socket>();
  const server = createNetServer((socket) => {
    open.add(socket.on('error', () => {}));
    socket.end('hello\n');
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  t.is(await reasonOf(t, new VmmClient({ socketPath }).ping()), 'malformed');
});

test('a body that the VMM would not read is refused before it is sent', async (t) => {
  const client = new VmmClient({ socketPath: '/nonexistent/s' });
  const long = { ...config, payload: { ...config.payload, cmdline: 'x'.repeat(51_200) } };
  await t.throwsAsync(client.create(long), { instanceOf: RangeError, message: /at most 51200/ });
});
