import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type EtcdProcess, startEtcd } from './testing/etcd-process.ts';
import { freePorts } from './testing/free-ports.ts';
import { createTestPki } from './testing/test-pki.ts';
import { waitUntil } from './testing/wait-until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Host {
  readonly dir: string;
  readonly config: string;
  readonly port: number;
  readonly etcd: EtcdProcess;
}

let host: Host;

/** A state directory as the set-up makes it, and an etcd that wants client certificates. */
async function prepareHost(): Promise<Host> {
  const dir = await mkdtemp(join(tmpdir(), 'holt-main-'));
  const pki = await createTestPki(join(dir, 'pki'));
  const path = (name: string) => join(pki.dir, name);
  const server = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth';
  await pki.issue('api', '/CN=holt-api', server);
  await pki.issue('etcd-server', '/CN=etcd', server);
  const client = await pki.issue('etcd-client', '/CN=holt-api');
  await copyFile(path('ca.crt'), path('etcd-ca.crt'));
  const etcd = await startEtcd({
    tls: {
      files: { ca: path('etcd-ca.crt'), cert: path('etcd-server.crt'), key: path('etcd-server.key') },
      client: { ...client, ca: await readFile(path('ca.crt')) },
    },
  });
  const [port = 0] = await freePorts(1);
  const config = join(dir, 'config.json');
  const settings = {
    stateDir: dir,
    ports: { api: port, etcdClient: etcd.port },
    vmm: { binary: '/vmm', mode: 'kvm' },
  };
  await writeFile(config, JSON.stringify(settings));
  return { dir, config, port, etcd };
}

test.before(async () => {
  host = await prepareHost();
});

test.after.always(async () => {
  await host?.etcd.dispose();
  if (host !== undefined) await rm(host.dir, { recursive: true, force: true });
});

function start(...args: string[]): {
  child: ChildProcess;
  exit: Promise<number | null>;
  stderr: () => string;
} {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { child, exit: new Promise((resolve) => child.once('close', resolve)), stderr: () => stderr };
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({
      host: '127.0.0.1',
      port,
      path: '/readyz',
      rejectUnauthorized: false,
      agent: false,
    });
    probe.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
    probe.end();
  });
}

test.serial(
  'serves over an etcd that wants certificates, says when its port is taken, and ends in order',
  async (t) => {
    const server = start('--config', host.config);
    t.teardown(() => server.child.kill('SIGKILL'));
    await waitUntil('readiness', () => isReady(host.port));
    const second = start('--config', host.config);
    t.is(await second.exit, 1);
    t.regex(
      second.stderr(),
      /^holt-api: cannot listen on 127\.0\.0\.1:\d+: the port is taken\. .*ports\.api.*\n$/,
    );
    server.child.kill('SIGTERM');
    t.is(await server.exit, 0);
  },
);

test.serial('wrong arguments, a missing file and a wrong setting are one clear line', async (t) => {
  const bad = join(host.dir, 'bad.json');
  await writeFile(
    bad,
    JSON.stringify({ stateDir: 'relative', ports: {}, vmm: { binary: '/x', mode: 'kvm' } }),
  );
  for (const [args, words] of [
    [[], /^holt-api: usage: holt-api --config FILE\n$/],
    [['--config', '/missing.json'], /^holt-api: ENOENT.*"holt dev up".*\n$/],
    [['--config', bad], /^holt-api: .*stateDir.*\n$/],
  ] as const) {
    const run = start(...args);
    t.is(await run.exit, 1);
    t.regex(run.stderr(), words);
  }
});
