import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { httpOverVsock, openHttpOverVsock, upgradeOverVsock, VsockHttpError } from './http-over-vsock.ts';

/** A hybrid vsock socket in front of a plain HTTP server. */
async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'vsock-'));
  const http = createHttpServer(listener);
  http.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhi ');
    socket.on('data', (chunk) => socket.end(chunk));
  });
  const front = createServer((socket) => {
    socket.once('data', () => {
      socket.write('OK 1\n');
      http.emit('connection', socket);
    });
  });
  const path = join(dir, 'v.sock');
  await new Promise<void>((resolve) => front.listen(path, resolve));
  t.teardown(async () => {
    http.closeAllConnections();
    front.close();
    await rm(dir, { recursive: true });
  });
  return path;
}

test('a request with a body has its length and gets its answer', async (t) => {
  const socketPath = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response
      .writeHead(201, { 'x-length': request.headers['content-length'] })
      .end(`${request.method} ${request.url} ${body}`);
  });
  const answer = await httpOverVsock(
    { socketPath, port: 1024 },
    { method: 'POST', path: '/a?b=c', body: 'häh' },
  );
  t.is(answer.statusCode, 201);
  t.is(answer.headers['x-length'], '4');
  t.is(answer.body.toString(), 'POST /a?b=c häh');
});

test('a guest that takes a connection and drops it at once is an error at once, each time', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'vsock-'));
  const socketPath = join(dir, 'v.sock');
  const front = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('OK 1\n'));
  });
  await new Promise<void>((resolve) => front.listen(socketPath, resolve));
  t.teardown(async () => {
    front.close();
    await rm(dir, { recursive: true });
  });
  const address = { socketPath, port: 1024 };
  const ends = await Promise.all(
    Array.from({ length: 100 }, () =>
      httpOverVsock(address, { path: '/', timeoutMs: 60_000 }).then(
        () => 'answered',
        (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
      ),
    ),
  );
  t.deepEqual(new Set(ends).difference(new Set(['VsockHttpError', 'VsockError'])), new Set());
});

test('silence before the headers and within the body ends by the timeout', async (t) => {
  const socketPath = await serve(t, (request, response) => {
    if (request.url === '/body') response.writeHead(200).write('begin');
  });
  const address = { socketPath, port: 1024 };
  for (const path of ['/headers', '/body']) {
    const error = await t.throwsAsync(httpOverVsock(address, { path, timeoutMs: 100 }), {
      instanceOf: VsockHttpError,
    });
    t.regex(error?.message ?? '', new RegExp(`GET ${path} over vsock port 1024`));
  }
});

test('a body over the bound is refused', async (t) => {
  const socketPath = await serve(t, (_request, response) => response.end('x'.repeat(1000)));
  await t.throwsAsync(httpOverVsock({ socketPath, port: 1 }, { path: '/' }, 999), {
    message: /larger than 999 bytes/,
  });
});

test('a stream is handed over before its end and closed by its reader', async (t) => {
  const closed = Promise.withResolvers<void>();
  const socketPath = await serve(t, (request, response) => {
    request.socket.on('close', () => closed.resolve());
    response.writeHead(200).write('one');
  });
  const response = await openHttpOverVsock({ socketPath, port: 1 }, { path: '/logs' }, 0);
  const chunk = await new Promise<Buffer>((resolve) => response.once('data', resolve));
  t.is(chunk.toString(), 'one');
  response.destroy();
  await closed.promise;
});

test('an upgrade hands over the raw stream with the bytes that came along', async (t) => {
  const socketPath = await serve(t, (_request, response) => response.end());
  const { socket, statusCode } = await upgradeOverVsock(
    { socketPath, port: 1 },
    { method: 'POST', path: '/exec' },
  );
  socket.write('echo');
  let received = '';
  for await (const chunk of socket) received += chunk;
  t.is(statusCode, 101);
  t.is(received, 'hi echo');
});

test('a refused upgrade carries the answer', async (t) => {
  const socketPath = await serve(t, (_request, response) => response.writeHead(404).end('no such container'));
  await t.throwsAsync(
    upgradeOverVsock(
      { socketPath, port: 1 },
      { method: 'POST', path: '/exec', headers: { connection: 'close', upgrade: '' } },
    ),
    { message: /expected 101, received 404: no such container/ },
  );
});
