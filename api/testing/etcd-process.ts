import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdConnection, EtcdTls } from '../storage/etcd/connection.ts';
import { Etcd3Kv } from '../storage/etcd/etcd-kv.ts';
import { freePorts } from './free-ports.ts';
import { waitUntil } from './wait-until.ts';

/** A real etcd of a test's own: free ports, own temporary data directory. */
export interface EtcdProcess {
  readonly connection: EtcdConnection;
  readonly port: number;
  /** SIGKILLs it and waits for its end; the data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same data and ports. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  dispose(): Promise<void>;
}

/** One whose process can be looked at. */
export interface SingleEtcdProcess extends EtcdProcess {
  /** Of the process that runs now. */
  readonly pid: number;
}

export interface EtcdProcessOptions {
  /** Raises the NOSPACE alarm above it. */
  readonly quotaBytes?: number;
  /** How often a watch without events is told how far it is; etcd's default is ten minutes. */
  readonly progressIntervalMs?: number;
  /** Serve clients over TLS and ask for their certificates: paths for etcd, PEM for the connection. */
  readonly tls?: {
    readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
    readonly client: EtcdTls;
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

/** Starts etcd and waits until it answers. `unsafe-no-fsync` is not used: tests meet what production meets. */
export async function startEtcd(options: EtcdProcessOptions = {}): Promise<SingleEtcdProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'holt-etcd-'));
  const [port = 0, peerPort = 0] = await freePorts(2);
  const { tls } = options;
  const endpoint = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const connection: EtcdConnection = {
    endpoints: [endpoint],
    requestTimeoutMs: 5_000,
    ...(tls === undefined ? {} : { tls: tls.client }),
  };
  const argv = [
    ...['--data-dir', dataDir, '--name', 'test', '--log-level', 'error', '--logger', 'zap'],
    ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
    ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
    ...['--initial-cluster', `test=http://127.0.0.1:${peerPort}`],
    ...(tls === undefined
      ? []
      : [
          ...['--cert-file', tls.files.cert, '--key-file', tls.files.key],
          ...['--client-cert-auth', '--trusted-ca-file', tls.files.ca],
        ]),
    ...(options.progressIntervalMs === undefined
      ? []
      : ['--experimental-watch-progress-notify-interval', `${options.progressIntervalMs}ms`]),
    ...(options.quotaBytes === undefined ? [] : ['--quota-backend-bytes', String(options.quotaBytes)]),
  ];
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child === undefined) return;
    child.kill('SIGKILL');
    await ended(child);
    child = undefined;
  };
  const start = async () => {
    child = spawn('etcd', argv, { stdio: 'ignore' });
    const probe = new Etcd3Kv({ ...connection, requestTimeoutMs: 1_000 });
    await waitUntil(`etcd on port ${port}`, () =>
      probe.range({ key: 'probe' }).then(
        () => true,
        () => false,
      ),
    ).finally(() => probe.close());
  };
  await start();
  return {
    connection,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    kill,
    start,
    dispose: async () => {
      await kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
