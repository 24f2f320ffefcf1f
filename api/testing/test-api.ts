import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { stringify } from 'yaml';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import { systemClock } from '../../lib/clock.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../server/server.ts';
import { type EtcdProcess, type EtcdProcessOptions, startEtcd } from './etcd-process.ts';
import { createTestKeys } from './test-keys.ts';
import { createTestPki, type TestPki } from './test-pki.ts';
import { waitUntil } from './wait-until.ts';

export interface TestResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; empty where it is none. */
  readonly json: TestObject;
}

/** JSON, loosely: tests look where they like. */
// biome-ignore lint/suspicious/noExplicitAny: the answers under test are of every kind
export type TestObject = any;

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Name of the certificate in the test PKI; `null`: none. */
  readonly as?: string | null;
}

/** A real API server over a real etcd, both the test's own. */
export interface TestApi {
  readonly etcd: EtcdProcess;
  readonly kubeconfig: string;
  readonly dir: string;
  readonly pki: TestPki;
  readonly port: number;
  send(request: TestRequest): Promise<TestResponse>;
  /** Opens a watch; `events` grows as they arrive. */
  watch(path: string, headers?: Readonly<Record<string, string>>): TestWatch;
  restartServer(): Promise<void>;
  dispose(): Promise<void>;
}

export interface TestWatch {
  readonly events: TestObject[];
  readonly ended: () => boolean;
  readonly code: () => number;
  close(): void;
}

async function kubeconfigOf(pki: TestPki, port: number): Promise<string> {
  const path = (name: string) => join(pki.dir, name);
  const file = path('kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'holt',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': path('ca.crt') },
      },
    ],
    users: [
      { name: 'admin', user: { 'client-certificate': path('admin.crt'), 'client-key': path('admin.key') } },
    ],
    contexts: [{ name: 'holt', context: { cluster: 'holt', user: 'admin' } }],
    'current-context': 'holt',
  };
  await writeFile(file, stringify(config));
  return file;
}

function parseJson(text: string): TestObject {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export interface TestApiOptions extends EtcdProcessOptions {
  /** One that runs already; it is disposed of with the API server. */
  readonly etcd?: EtcdProcess;
  /** What the server is started with besides its defaults. */
  readonly server?: Partial<ApiServerOptions>;
}

/** Issuer and audience of its service-account tokens. */
export const TEST_ISSUER = 'https://holt.test';

/** Starts etcd and the API server, and waits until the server is ready. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const dir = await mkdtemp(join(tmpdir(), 'holt-api-'));
  const etcd = options.etcd ?? (await startEtcd(options));
  const pki = await createTestPki(dir);
  const serverTls = await pki.issue(
    'api',
    '/CN=holt-api',
    'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth',
  );
  const clients = new Map([['admin', await pki.issue('admin', '/O=system:masters/CN=holt-admin')]]);
  clients.set('stranger', await pki.issue('stranger', '/O=guests/CN=mallory'));
  const clientCa = await pki.ca();
  const serviceAccountKeys = createTestKeys();
  let server: ApiServer | undefined;
  const start = async (port: number) => {
    server = await startApiServer({
      etcd: etcd.connection,
      tls: { ...serverTls, clientCa },
      port,
      serviceAccounts: { keys: () => serviceAccountKeys, issuer: TEST_ISSUER },
      ...options.server,
      definitions: ALL_DEFINITIONS,
      clock: systemClock,
      logger: pino({ level: process.env.HOLT_TEST_LOG ?? 'silent' }),
      registry: new Registry(),
    });
    return server.port;
  };
  const port = await start(0);
  // One for each identity: PEM is not parsed again for each request.
  const anonymous = createSecureContext({ ca: clientCa });
  const contexts = new Map(
    [...clients].map(([name, identity]) => [name, createSecureContext({ ca: clientCa, ...identity })]),
  );
  const open = ({ method = 'GET', path, headers = {}, as = 'admin' }: TestRequest) =>
    httpsRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      ...{ agent: false, secureContext: (as === null ? undefined : contexts.get(as)) ?? anonymous },
    });
  const send = (request: TestRequest) =>
    new Promise<TestResponse>((resolve, reject) => {
      const { body } = request;
      const bytes =
        typeof body === 'string' || Buffer.isBuffer(body)
          ? Buffer.from(body)
          : Buffer.from(JSON.stringify(body ?? ''));
      const outgoing = open({
        ...request,
        headers: {
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
          ...request.headers,
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ code: response.statusCode ?? 0, headers: response.headers, text, json: parseJson(text) });
        });
      });
      outgoing.end(body === undefined ? undefined : bytes);
    });
  const watch = (path: string, headers?: Readonly<Record<string, string>>): TestWatch => {
    const events: TestObject[] = [];
    let ended = false;
    let code = 0;
    let rest = '';
    const outgoing = open({ path, ...(headers === undefined ? {} : { headers }) });
    outgoing.on('error', () => {
      ended = true;
    });
    outgoing.on('response', (response) => {
      code = response.statusCode ?? 0;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) events.push(JSON.parse(line));
      });
      response.on('error', () => {});
      response.on('close', () => {
        ended = true;
      });
    });
    outgoing.end();
    return { events, ended: () => ended, code: () => code, close: () => outgoing.destroy() };
  };
  const api: TestApi = {
    etcd,
    kubeconfig: await kubeconfigOf(pki, port),
    dir,
    pki,
    port,
    send,
    watch,
    restartServer: async () => {
      await server?.stop();
      await start(port);
      await waitReady(api);
    },
    dispose: async () => {
      await server?.stop();
      await etcd.dispose();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await waitReady(api);
  return api;
}

/** Ready, and the system namespaces are there. */
async function waitReady(api: TestApi): Promise<void> {
  await waitUntil('the API server to be ready', async () => {
    const ready = await api.send({ path: '/readyz', as: null });
    const last = await api.send({ path: '/api/v1/namespaces/kube-public' });
    return ready.code === 200 && last.code === 200;
  });
}
