import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectVsock, VsockError } from './hybrid-vsock.ts';

/** A VMM's vsock socket whose behaviour the test writes; gone with the test. */
async function listen(t: ExecutionContext, onConnection: (socket: Socket) => void): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'vsock-'));
  const path = join(dir, 'v.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(dir, { recursive: true });
  });
  return path;
}

async function failureOf(t: ExecutionContext, promise: Promise<unknown>): Promise<VsockError | undefined> {
  return t.throwsAsync(promise, { instanceOf: VsockError });
}

test('sends CONNECT and keeps the bytes that follow OK', async (t) => {
  let command = '';
  const path = await listen(t, (socket) => {
    socket.once('data', (chunk) => {
      command = chunk.toString();
      socket.end('OK 1073741824\nhello');
    });
  });
  const socket = await connectVsock(path, 1027);
  let received = '';
  for await (const chunk of socket) received += chunk;
  t.is(command, 'CONNECT 1027\n');
  t.is(received, 'hello');
});

test('an answer that arrives byte by byte is read the same', async (t) => {
  const path = await listen(t, (socket) => {
    const bytes = [...'OK 7\nx'];
    const next = () => {
      const byte = bytes.shift();
      if (byte !== undefined) socket.write(byte, () => setImmediate(next));
    };
    next();
  });
  const socket = await connectVsock(path, 1);
  const [first] = await new Promise<[Buffer]>((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve([chunk])),
  );
  t.is(first.toString(), 'x');
  socket.destroy();
});

test('a close without OK is refused', async (t) => {
  const path = await listen(t, (socket) => socket.end());
  const error = await failureOf(t, connectVsock(path, 1024));
  t.is(error?.failure, 'refused');
  t.is(error?.port, 1024);
});

test('another answer is a protocol failure that quotes it', async (t) => {
  const path = await listen(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n'));
  const error = await failureOf(t, connectVsock(path, 1024));
  t.is(error?.failure, 'protocol');
  t.regex(error?.message ?? '', /HTTP\/1\.1 400/);
});

test('an endless answer is cut off', async (t) => {
  const path = await listen(t, (socket) => socket.write('O'.repeat(1000)));
  t.is((await failureOf(t, connectVsock(path, 1024)))?.failure, 'protocol');
});

test('silence ends at the timeout, and the connection is closed', async (t) => {
  const closed = Promise.withResolvers<void>();
  const path = await listen(t, (socket) => socket.resume().on('close', () => closed.resolve()));
  t.is((await failureOf(t, connectVsock(path, 1024, { timeoutMs: 50 })))?.failure, 'timeout');
  await closed.promise;
});

test('the signal aborts, before and during', async (t) => {
  const path = await listen(t, () => {});
  t.is((await failureOf(t, connectVsock(path, 1, { signal: AbortSignal.abort() })))?.failure, 'aborted');
  const controller = new AbortController();
  const pending = connectVsock(path, 1, { signal: controller.signal });
  controller.abort();
  t.is((await failureOf(t, pending))?.failure, 'aborted');
});

test('no socket is no VMM', async (t) => {
  t.is((await failureOf(t, connectVsock('/nonexistent/v.sock', 1)))?.failure, 'no-vmm');
});
