import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  createContainer,
  ensureDataDirectories,
  execInContainer,
  imageExists,
  inspectContainer,
  isPodmanNameTaken,
  isPodmanNotFound,
  listContainers,
  pullImage,
  readLogs,
  removeContainer,
  startContainer,
} from './index.ts';
import { FakeHybridVsock } from './testing/fake-hybrid-vsock.ts';

/** Answers as podman 4.3.1 gave them, by method and path below the API's base. */
type Recording = Readonly<Record<string, { status: number; body?: string | Buffer; upgrade?: Buffer }>>;

interface Asked {
  readonly line: string;
  readonly body: string;
}

const base = '/v4.0.0/libpod';

async function podmanWith(t: ExecutionContext, recording: Recording) {
  const directory = await mkdtemp(join(tmpdir(), 'holt-podman-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const asked: Asked[] = [];
  const find = async (request: IncomingMessage) => {
    let body = '';
    for await (const chunk of request.setEncoding('latin1')) body += chunk;
    const line = `${request.method} ${(request.url ?? '').replace(base, '')}`;
    asked.push({ line, body });
    return (
      recording[line] ?? {
        status: 404,
        body: '{"cause":"not recorded","message":"not recorded","response":404}',
      }
    );
  };
  const server = createServer((request, response) => {
    void find(request).then(({ status, body }) => response.writeHead(status).end(body));
  });
  server.on('upgrade', (request, socket) => {
    request.resume();
    const { upgrade } = recording[`${request.method} ${(request.url ?? '').replace(base, '')}`] ?? {};
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.end(upgrade);
  });
  const path = join(directory, 'podman.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  const vsock = await FakeHybridVsock.listen(join(directory, 'v.sock'), { 1024: { path } });
  t.teardown(() => vsock.close());
  return { address: { socketPath: vsock.socketPath, port: 1024 }, asked };
}

test('a list tells what is used of it, and survives states that nobody knows yet', async (t) => {
  const item = (state: string, startedAt: number) =>
    `{"Command":["x"],"Created":"2026-11-24T03:20:11Z","Exited":false,"ExitedAt":-62135596800,"ExitCode":0,"Id":"7634${state}","Labels":{"holt.dev/uid":"u1"},"Names":["t1"],"Pid":0,"StartedAt":${startedAt},"State":"${state}","Status":""}`;
  const { address } = await podmanWith(t, {
    'GET /containers/json?all=true': {
      status: 200,
      body: `[${item('running', 1795490484)},${item('dreaming', -62135596800)}]`,
    },
  });
  const [running, other] = await listContainers(address);
  t.like(running, {
    name: 't1',
    state: 'running',
    labels: { 'holt.dev/uid': 'u1' },
    startedAtSeconds: 1795490484,
  });
  t.like(other, { state: 'unknown', startedAtSeconds: undefined });
});

test('refusals are typed', async (t) => {
  const taken =
    '{"cause":"that name is already in use","message":"creating container storage: the container name \\"t1\\" is already in use","response":500}';
  const missing =
    '{"cause":"no such container","message":"no container with name or ID \\"nope\\" found","response":404}';
  const { address } = await podmanWith(t, {
    'POST /containers/create': { status: 500, body: taken },
    'GET /containers/nope/json': { status: 404, body: missing },
    'POST /containers/odd/start': { status: 502, body: 'bad gateway' },
  });
  const create = { name: 't1', source: { rootfs: '/r' }, env: {}, labels: {} };
  t.true(isPodmanNameTaken(await t.throwsAsync(createContainer(address, create))));
  t.true(isPodmanNotFound(await t.throwsAsync(inspectContainer(address, 'nope'))));
  await t.throwsAsync(startContainer(address, 'odd'), { message: /HTTP 502 bad gateway/ });
});

test('what is already so is no error', async (t) => {
  const { address, asked } = await podmanWith(t, { 'POST /containers/t1/start': { status: 304 } });
  await startContainer(address, 't1');
  await removeContainer(address, 'gone', { graceSeconds: 5 });
  t.is(asked[1]?.line, 'DELETE /containers/gone?force=true&v=true&timeout=5');
});

test('a failed pull is an error though its status is 200', async (t) => {
  const query = 'reference=127.0.0.1%3A1%2Fx&policy=missing&quiet=true';
  const body =
    '{"stream":"Trying to pull"}\n{"error":"pinging container registry 127.0.0.1:1: connection refused"}\n';
  const { address } = await podmanWith(t, { [`POST /images/pull?${query}`]: { status: 200, body } });
  await t.throwsAsync(pullImage(address, '127.0.0.1:1/x'), { message: /connection refused/ });
  t.false(await imageExists(address, 'docker.io/library/nope'));
});

test('logs and exec come apart into stdout and stderr', async (t) => {
  const output = Buffer.from('010000000000000368690a02000000000000046572720a', 'hex');
  const { address, asked } = await podmanWith(t, {
    'GET /containers/t1/logs?stdout=true&stderr=true&tail=10': { status: 200, body: output },
    'POST /containers/t1/exec': { status: 201, body: '{"Id":"e1"}' },
    'POST /exec/e1/start': { status: 101, upgrade: output },
    'GET /exec/e1/json': { status: 200, body: '{"ExitCode":3,"Running":false,"ID":"e1"}' },
  });
  const text = async (chunks: AsyncIterable<{ stream: string; data: Buffer }>) => {
    const parts: string[] = [];
    for await (const { stream, data } of chunks) parts.push(`${stream}:${data}`);
    return parts;
  };
  t.deepEqual(await text(readLogs(address, 't1', { tail: 10 })), ['stdout:hi\n', 'stderr:err\n']);
  const session = await execInContainer(address, 't1', { command: ['/bin/sh'], env: { A: 'b' } });
  t.deepEqual(await text(session.output), ['stdout:hi\n', 'stderr:err\n']);
  t.is(await session.exitCode(), 3);
  t.like(JSON.parse(asked[1]?.body ?? ''), { Cmd: ['/bin/sh'], Env: ['A=b'], Tty: false });
});

test('only missing data directories are made, and the helper goes whatever happens', async (t) => {
  const helper = '/containers/h';
  const { address, asked } = await podmanWith(t, {
    'POST /containers/create': { status: 201, body: '{"Id":"1","Warnings":[]}' },
    [`HEAD ${helper}/archive?path=%2Fdata%2Fold`]: { status: 200 },
    [`PUT ${helper}/archive?path=%2Fdata`]: { status: 200 },
  });
  const wanted = { parent: '/var/lib/holt/data', helper: { name: 'h', labels: {} } };
  await ensureDataDirectories(address, { ...wanted, names: ['old', 'new'] });
  const archive = asked.find(({ line }) => line.startsWith('PUT'))?.body ?? '';
  t.true(archive.startsWith('new/'));
  t.false(archive.includes('old/'));
  t.true(asked.at(-1)?.line.startsWith(`DELETE ${helper}`));
});
