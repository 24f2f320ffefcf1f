import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EtcdProcess, type EtcdProcessOptions, startEtcd } from './etcd-process.ts';
import { freePorts } from './free-ports.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { createKeyPem } from './test-keys.ts';
import { createTestPki, type TestPki } from './test-pki.ts';
import { waitUntil } from './wait-until.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What is needed to run the real `holt-api` program: a state directory, certificates, an etcd behind a proxy. */
export interface MainHost {
  readonly dir: string;
  readonly config: string;
  readonly port: number;
  readonly pki: TestPki;
  readonly etcd: EtcdProcess;
  /** Between the API server and etcd. */
  readonly proxy: TcpProxy;
  /** PEM of an administrator. */
  readonly client: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };
  /** That signs service-account tokens at first; PEM. */
  readonly serviceAccountKey: { readonly privateKey: string; readonly publicKey: string };
  /** That seals Secrets at first, as its file has it. */
  readonly encryptionKey: { readonly id: string; readonly secret: string };
  dispose(): Promise<void>;
}

/** A state directory as the set-up makes it, and an etcd that wants client certificates. */
export async function prepareMainHost(
  options: Pick<EtcdProcessOptions, 'progressIntervalMs'> = {},
): Promise<MainHost> {
  const dir = await mkdtemp(join(tmpdir(), 'holt-main-'));
  const pki = await createTestPki(join(dir, 'pki'));
  const path = (name: string) => join(pki.dir, name);
  const server = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth';
  await pki.issue('api', '/CN=holt-api', server);
  await pki.issue('etcd-server', '/CN=etcd', server);
  await pki.issue('api-node', '/CN=system:holt-api');
  const etcdClient = await pki.issue('etcd-client', '/CN=holt-api');
  const admin = await pki.issue('admin', '/O=system:masters/CN=holt-admin');
  const serviceAccountKey = createKeyPem();
  await writeFile(path('sa.key'), serviceAccountKey.privateKey);
  await writeFile(path('sa.pub'), serviceAccountKey.publicKey);
  const encryptionKey = { id: 'first', secret: randomBytes(32).toString('base64') };
  await writeFile(path('encryption-keys.json'), JSON.stringify({ keys: [encryptionKey] }));
  await copyFile(path('ca.crt'), path('etcd-ca.crt'));
  const ca = await readFile(path('ca.crt'));
  const etcd = await startEtcd({
    ...options,
    tls: {
      files: { ca: path('etcd-ca.crt'), cert: path('etcd-server.crt'), key: path('etcd-server.key') },
      client: { ...etcdClient, ca },
    },
  });
  const proxy = await startTcpProxy(etcd.port);
  const [port = 0] = await freePorts(1);
  const config = join(dir, 'config.json');
  const settings = {
    stateDir: dir,
    ports: { api: port, etcdClient: proxy.port },
    vmm: { binary: '/vmm', mode: 'kvm' },
    logLevel: 'error',
  };
  await writeFile(config, JSON.stringify(settings));
  return {
    ...{ dir, config, port, pki, etcd, proxy, serviceAccountKey, encryptionKey },
    client: { ...admin, ca },
    dispose: async () => {
      await proxy.close();
      await etcd.dispose();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** One run of `holt-api`. */
export interface MainProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  readonly stderr: () => string;
}

/** Starts `holt-api` with these arguments. */
export function startMain(...args: readonly string[]): MainProcess {
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

/** Waits for `/readyz` of the server on a port. */
export function mainReady(port: number): Promise<void> {
  return waitUntil('readiness', () => isReady(port), 60_000);
}
