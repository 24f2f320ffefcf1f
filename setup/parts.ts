import { access, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HoltConfig, statePaths } from '../lib/config.ts';

/** One process of a Holt host, as the supervisor runs it. */
export interface Part {
  readonly name: string;
  readonly argv: readonly string[];
  /** Resolves when the part serves; rejects with the reason it does not (yet). */
  readonly checkHealth: () => Promise<void>;
  /** How long it may take to end after SIGTERM. */
  readonly graceMs: number;
  /** The version, for people; undefined where it can't be told. */
  readonly versionArgv: readonly string[] | undefined;
}

const checkout = fileURLToPath(new URL('..', import.meta.url));

async function httpHealth(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  const body = await response.text();
  if (!response.ok) throw new Error(failedLines(body) || `${url} answered ${response.status}`);
}

function failedLines(body: string): string {
  return body
    .split('\n')
    .filter((line) => line.startsWith('[-]'))
    .map((line) => line.slice(3))
    .join('; ');
}

interface TlsFiles {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

async function httpsHealth(url: string, files: TlsFiles): Promise<void> {
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.cert, files.key].map((path) => (path === undefined ? undefined : readFile(path))),
  );
  const credentials = { ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  await new Promise<void>((resolve, reject) => {
    const outgoing = request(url, { ...credentials, timeout: 2000, agent: false }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} did not answer within 2 s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function acceptsConnections(path: string): Promise<void> {
  await access(path);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function etcdPart(config: HoltConfig): Part {
  const paths = statePaths(config.stateDir);
  const clientUrl = `https://127.0.0.1:${config.ports.etcdClient}`;
  const peerUrl = `https://127.0.0.1:${config.ports.etcdPeer}`;
  const pki = (file: string) => join(paths.pki, file);
  const flags = {
    name: config.nodeName,
    'data-dir': paths.etcd,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `${config.nodeName}=${peerUrl}`,
    'cert-file': pki('etcd-server.crt'),
    'key-file': pki('etcd-server.key'),
    'trusted-ca-file': pki('etcd-ca.crt'),
    'client-cert-auth': 'true',
    'peer-cert-file': pki('etcd-server.crt'),
    'peer-key-file': pki('etcd-server.key'),
    'peer-trusted-ca-file': pki('etcd-ca.crt'),
    'peer-client-cert-auth': 'true',
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '5m',
    'log-level': 'warn',
    logger: 'zap',
  };
  return {
    name: 'etcd',
    argv: ['etcd', ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
    checkHealth: () =>
      httpsHealth(`${clientUrl}/health`, {
        ca: pki('etcd-ca.crt'),
        cert: pki('etcd-client.crt'),
        key: pki('etcd-client.key'),
      }),
    graceMs: 10_000,
    versionArgv: ['etcd', '--version'],
  };
}

/**
 * Flags of Node by part. What a request leaves behind is garbage at once: room for more of it, MiB, spares the API
 * server a tenth of its CPU time.
 */
const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  'holt-api': ['--max-semi-space-size=32'],
};

function ownPart(config: HoltConfig, name: string, script: string, checkHealth: () => Promise<void>): Part {
  const program = [process.execPath, ...(NODE_FLAGS[name] ?? []), join(checkout, script)];
  return {
    name,
    argv: [...program, '--config', statePaths(config.stateDir).config],
    checkHealth,
    graceMs: 15_000,
    versionArgv: undefined,
  };
}

/** The parts in the order in which they start; they stop in the opposite order. */
export function planParts(config: HoltConfig, haproxyArgv: readonly string[]): readonly Part[] {
  const paths = statePaths(config.stateDir);
  const { ports } = config;
  const healthz = (port: number) => () => httpHealth(`http://127.0.0.1:${port}/healthz`);
  return [
    etcdPart(config),
    ownPart(config, 'holt-api', 'api/main.ts', () =>
      httpsHealth(`https://127.0.0.1:${ports.api}/readyz`, { ca: join(paths.pki, 'ca.crt') }),
    ),
    {
      name: 'haproxy',
      argv: haproxyArgv,
      checkHealth: () => acceptsConnections(join(paths.router, 'admin.sock')),
      graceMs: 5000,
      versionArgv: [config.haproxyBinary, '-v'],
    },
    ownPart(config, 'holt-manager', 'controllers/manager-main.ts', healthz(ports.managerMetrics)),
    ownPart(config, 'holt-node', 'controllers/node-main.ts', healthz(ports.nodeMetrics)),
    ownPart(config, 'holt-router', 'services/router/main.ts', healthz(ports.routerMetrics)),
  ];
}
