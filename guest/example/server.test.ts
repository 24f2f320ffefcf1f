import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';

interface Sandbox {
  readonly port: number;
  readonly dataDir: string;
  url(path: string): string;
}

/** Starts the program on a free port and ends it with the test. */
async function startSandbox(t: ExecutionContext, env: Record<string, string> = {}): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-example-'));
  const dataDir = join(directory, 'data');
  // Away from this project's package.json, which would make an ES module of it; in the image there is none.
  await copyFile(join(import.meta.dirname, 'server.js'), join(directory, 'server.js'));
  const child = spawn(process.execPath, [join(directory, 'server.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      HOLT_USER: 'alice',
      HOLT_VM_ID: 'vm-1',
      HOLT_CONTAINER_NAME: 'alice-live',
      HOLT_ROLE: 'live',
      PORT: '0',
      HOLT_EXAMPLE_DATA: dataDir,
      PATH: process.env.PATH,
      ...env,
    },
  });
  const closed = once(child, 'close');
  t.teardown(async () => {
    child.kill();
    await closed;
    await rm(directory, { recursive: true });
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { port } = JSON.parse(line);
  return { port, dataDir, url: (path) => `http://127.0.0.1:${port}${path}` };
}

/** Opens /ws and collects what comes until the server closes. */
async function collect(url: string): Promise<{ chunks: Record<string, unknown>[]; code: number }> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const chunks: Record<string, unknown>[] = [];
  socket.on('message', (data) => chunks.push(JSON.parse(String(data))));
  const [code] = await once(socket, 'close');
  return { chunks, code };
}

test('whoami names user, VM and container, with and without the /dev prefix', async (t) => {
  const sandbox = await startSandbox(t, { HOLT_ROLE: 'dev' });
  const plain = await (await fetch(sandbox.url('/whoami'))).json();
  t.like(plain, { user: 'alice', vm_id: 'vm-1', container_name: 'alice-live', role: 'dev' });
  t.deepEqual(await (await fetch(sandbox.url('/dev/whoami'))).json(), plain);
  const announced = await fetch(sandbox.url('/dev/whoami'), { headers: { 'x-forwarded-prefix': '/dev' } });
  t.deepEqual(await announced.json(), plain);
});

test('a live container does not serve /dev', async (t) => {
  const sandbox = await startSandbox(t);
  t.is((await fetch(sandbox.url('/dev/whoami'))).status, 404);
  t.is((await fetch(sandbox.url('/healthz'))).status, 200);
});

test('the page shows names as text, never as markup', async (t) => {
  const sandbox = await startSandbox(t, { HOLT_USER: '<b>"eve"' });
  const page = await (await fetch(sandbox.url('/'))).text();
  t.false(page.includes('<b>'));
  t.true(page.includes('&#60;b&#62;&#34;eve&#34;'));
});

test('the stream is numbered from 0 and carries session, thread and origin', async (t) => {
  const sandbox = await startSandbox(t);
  const { chunks, code } = await collect(sandbox.url('/ws?session_id=s&thread_id=t&interval_ms=0&count=500'));
  t.is(code, 1000);
  t.deepEqual(
    chunks.map((chunk) => chunk.seq),
    Array.from({ length: 500 }, (_, n) => n),
  );
  t.deepEqual(chunks[7], {
    session_id: 's',
    thread_id: 't',
    user: 'alice',
    vm_id: 'vm-1',
    container_name: 'alice-live',
    seq: 7,
  });
});

test('names longer than a short frame pass whole', async (t) => {
  const sandbox = await startSandbox(t);
  for (const length of [100, 4000, 14_000]) {
    const name = 'x'.repeat(length);
    const { chunks } = await collect(sandbox.url(`/ws?session_id=${name}&count=1`));
    t.is(chunks[0]?.session_id, name);
  }
});

test('pings are answered and a client close is returned', async (t) => {
  const sandbox = await startSandbox(t);
  const socket = new WebSocket(sandbox.url('/ws?interval_ms=60000').replace('http', 'ws'));
  await once(socket, 'open');
  socket.ping('still there?');
  const [payload] = await once(socket, 'pong');
  t.is(String(payload), 'still there?');
  socket.close(1000);
  const [code] = await once(socket, 'close');
  t.is(code, 1000);
});

test('a frame without mask ends the stream with 1002', async (t) => {
  const sandbox = await startSandbox(t);
  const socket = connect(sandbox.port, '127.0.0.1');
  socket.write(
    'GET /ws?count=1&interval_ms=60000 HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  socket.write(Buffer.from([0x81, 0x01, 0x41]));
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(Buffer.from(part)));
  await once(socket, 'close');
  const bytes = Buffer.concat(parts);
  // The accept value of RFC 6455's own example.
  t.true(bytes.toString('latin1').includes('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='));
  t.true(bytes.includes(Buffer.from([0x88, 0x02, 1002 >> 8, 1002 & 255])));
});

test('a wrong parameter or path is refused before the upgrade', async (t) => {
  const sandbox = await startSandbox(t);
  for (const [path, status] of [
    ['/ws?count=-1', 400],
    ['/ws?interval_ms=soon', 400],
    ['/nowhere', 404],
  ] as const) {
    const socket = new WebSocket(sandbox.url(path).replace('http', 'ws'));
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    t.is(response.statusCode, status);
    socket.terminate();
  }
});

test('what is put under /data is there again after a restart', async (t) => {
  const first = await startSandbox(t);
  t.is((await fetch(first.url('/data'))).status, 404);
  t.is((await fetch(first.url('/data'), { method: 'PUT', body: 'remember me' })).status, 200);
  const second = await startSandbox(t, { HOLT_EXAMPLE_DATA: first.dataDir });
  t.is(await (await fetch(second.url('/data'))).text(), 'remember me');
});

test('a body over 1 MiB is refused', async (t) => {
  const sandbox = await startSandbox(t);
  const response = await fetch(sandbox.url('/data'), { method: 'PUT', body: Buffer.alloc(1024 * 1024 + 1) });
  t.is(response.status, 413);
});

test('chaos is off unless asked for', async (t) => {
  const calm = await startSandbox(t);
  t.is((await fetch(calm.url('/burn?memory_mb=1'))).status, 404);
  const wild = await startSandbox(t, { HOLT_EXAMPLE_CHAOS: '1' });
  t.deepEqual(await (await fetch(wild.url('/burn?memory_mb=3'))).json(), { held_mb: 3 });
  t.is((await fetch(wild.url('/burn?memory_mb=-3'))).status, 400);
});
