import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CryptoKey } from 'jose';
import { type HoltConfig, holtConfigSchema, statePaths } from '../../../lib/config.ts';
import { createSessionToken, formatSessionCookie, readSigningKey } from '../../../lib/session-token.ts';
import { AdminConnection } from '../haproxy-admin.ts';
import { ensureHaproxyFiles } from '../haproxy-files.ts';
import { haproxyArgv } from '../haproxy-process.ts';
import { type RouterPaths, routerPaths } from '../router-paths.ts';
import { eventually } from './eventually.ts';
import { VmNetwork } from './vm-network.ts';

const START_TIMEOUT_MS = 15_000;

export interface EdgeOptions {
  readonly devLogin?: boolean;
  /** Distinguishes the namespaces of several edges in one process. */
  readonly suffix?: string;
}

/** A real HAProxy with its own state directory, ports, session key and network namespace of stand-in VMs. */
export class Edge {
  readonly config: HoltConfig;
  readonly paths: RouterPaths;
  readonly network: VmNetwork;
  readonly key: CryptoKey;
  #haproxy: ChildProcess | undefined;

  private constructor(config: HoltConfig, network: VmNetwork, key: CryptoKey) {
    this.config = config;
    this.paths = routerPaths(config);
    this.network = network;
    this.key = key;
  }

  /** Makes everything and starts HAProxy with an empty table. */
  static async start(options: EdgeOptions = {}): Promise<Edge> {
    const stateDir = await mkdtemp(join(tmpdir(), 'holt-edge-'));
    const [router, haproxyMetrics, routerMetrics, routerLog] = await freePorts(4);
    const config = holtConfigSchema.parse({
      stateDir,
      netns: `holt-router-${process.pid}${options.suffix ?? ''}`,
      devLogin: options.devLogin ?? false,
      ports: { router, haproxyMetrics, routerMetrics, routerLog },
      vmm: { binary: '/bin/false', mode: 'emulated' },
    });
    const { session } = statePaths(stateDir);
    await mkdir(session, { recursive: true });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(session, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(join(session, 'pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    await ensureHaproxyFiles(config);
    const network = await VmNetwork.create(config.netns);
    const edge = new Edge(config, network, await readSigningKey(join(session, 'key.pem')));
    await edge.startHaproxy();
    return edge;
  }

  get haproxyPid(): number | undefined {
    return this.#haproxy?.pid;
  }

  async startHaproxy(): Promise<void> {
    const [file = '', ...args] = haproxyArgv(this.config);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    this.#haproxy = child;
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`HAProxy ended: ${output}`);
      const answer = await fetch(`http://127.0.0.1:${this.config.ports.router}/.holt/healthz`);
      if (answer.status !== 200) throw new Error(`healthz answered ${answer.status}`);
    }, START_TIMEOUT_MS);
  }

  /** Kills HAProxy as a crash would, and waits for its end. */
  async killHaproxy(): Promise<void> {
    const child = this.#haproxy;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** `name=value` of a fresh session. */
  async cookie(user: string): Promise<string> {
    return formatSessionCookie(await createSessionToken({ key: this.key, user, ttlSeconds: 600 }));
  }

  /** Runs one command of the Runtime API. */
  async admin(command: string): Promise<string> {
    const connection = await AdminConnection.open({ path: this.paths.adminSocket });
    const answer = await connection.run(command);
    connection.close();
    return answer;
  }

  /** Puts an entry into HAProxy's routes map, whatever it says. */
  async setRoute(key: string, value: string): Promise<void> {
    const present = (await this.admin(`show map ${this.paths.routesMap}`)).includes(` ${key} `);
    await this.admin(`${present ? 'set' : 'add'} map ${this.paths.routesMap} ${key} ${value}`);
  }

  /** The last-known table is lost. */
  async emptyRoutesMap(): Promise<void> {
    await writeFile(this.paths.routesMap, '');
  }

  async stop(): Promise<void> {
    await this.killHaproxy();
    await this.network.close();
    await rm(this.config.stateDir, { recursive: true });
  }
}

/** Ports that were free a moment ago; all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
