import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type SingleEtcdProcess, startEtcd } from '../../api/testing/etcd-process.ts';
import { createTestPki } from '../../api/testing/test-pki.ts';
import { ApiConnections, type ClientTls } from './api-connections.ts';
import { untilServed } from './until-served.ts';

const SERVER = fileURLToPath(new URL('./server-process.ts', import.meta.url));

const messageSchema = z.union([
  z.object({ port: z.int() }),
  z.object({ memory: z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() }) }),
]);

/** How long and how large everything is. */
export interface Pace {
  /** Of one measurement. */
  readonly durationMs: number;
  readonly listSizes: readonly number[];
  readonly watchers: readonly number[];
  /** Told to every watcher of a round. */
  readonly events: number;
  readonly storeSizes: readonly number[];
}

/** Less than ten minutes, with a peer. */
export const FULL_PACE: Pace = {
  durationMs: 4_000,
  listSizes: [100, 10_000],
  watchers: [1, 100, 1_000],
  events: 100,
  storeSizes: [1_000, 10_000, 100_000],
};

/** About a minute: whether it runs, and roughly how fast. */
export const QUICK_PACE: Pace = {
  durationMs: 800,
  listSizes: [100, 2_000],
  watchers: [1, 100],
  events: 40,
  storeSizes: [500, 5_000],
};

/** One etcd and one API server, each a process of its own, alone in this benchmark. */
export interface World {
  /** As the report calls it. */
  readonly name: string;
  readonly etcd: SingleEtcdProcess;
  /** Process of the API server. */
  readonly pid: number;
  /** Opens `count` connections to the API server. */
  connect(count: number): ApiConnections;
  /** For programs that speak to the API server: a kubeconfig of its administrator. */
  kubeconfig(): unknown;
  /** Bytes that the API server holds after a garbage collection: heap and buffers; undefined where it does not tell. */
  heldBytes(): Promise<number | undefined>;
  dispose(): Promise<void>;
}

/** @throws Error when it could not be started */
export function pidOf({ pid, spawnfile }: ChildProcess): number {
  if (pid === undefined) throw new Error(`${spawnfile} could not be started`);
  return pid;
}

function answerOf(child: ChildProcess): Promise<z.infer<typeof messageSchema>> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(messageSchema.parse(message)));
    child.once('exit', (code) => reject(new Error(`the API server ended with exit code ${code}`)));
  });
}

function kubeconfigOf(port: number, { ca, cert, key }: ClientTls) {
  const server = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca.toString('base64') };
  const user = {
    'client-certificate-data': cert.toString('base64'),
    'client-key-data': key.toString('base64'),
  };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'holt', cluster: server }],
    users: [{ name: 'admin', user }],
    contexts: [{ name: 'holt', context: { cluster: 'holt', user: 'admin' } }],
    'current-context': 'holt',
  };
}

/** Starts both and waits until the server is ready. */
export async function createWorld(): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'holt-bench-'));
  const etcd = await startEtcd({ quotaBytes: 6 * 1024 ** 3 });
  const pki = await createTestPki(dir);
  await pki.issue(
    'api',
    '/CN=holt-api',
    'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth',
  );
  const tls: ClientTls = { ca: await pki.ca(), ...(await pki.issue('admin', '/O=system:masters/CN=admin')) };
  const [endpoint = ''] = etcd.connection.endpoints;
  const child = fork(SERVER, [endpoint, dir], {
    // As in an installation, but for the question about memory.
    execArgv: ['--max-semi-space-size=32', '--expose-gc'],
  });
  const started = await answerOf(child);
  if (!('port' in started)) throw new Error('the API server did not say its port');
  const connect = (count: number) => new ApiConnections(`https://127.0.0.1:${started.port}`, tls, count);
  await untilServed(connect);
  return {
    name: 'holt',
    etcd,
    pid: pidOf(child),
    connect,
    kubeconfig: () => kubeconfigOf(started.port, tls),
    heldBytes: async () => {
      child.send('memory');
      const answer = await answerOf(child);
      if (!('memory' in answer)) throw new Error('the API server did not say its memory');
      return answer.memory.heapUsed + answer.memory.external;
    },
    dispose: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send('stop');
      await ended;
      await etcd.dispose();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
