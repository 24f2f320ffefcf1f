import { setMaxListeners } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Registry } from 'prom-client';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { RegistryCache } from '../storage/cache/registry-cache.ts';
import type { EtcdConnection } from '../storage/etcd/connection.ts';
import { openKv } from '../storage/etcd/failover-kv.ts';
import type { AuditOptions } from './audit/audit-record.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import type { Authorize } from './auth/authorize.ts';
import { createAuthorizer } from './auth/create-authorizer.ts';
import { runAggregation } from './auth/rbac/aggregation.ts';
import { RuleResolver } from './auth/rbac/rule-resolver.ts';
import { ServiceAccountAuthenticator } from './auth/service-account/authenticator.ts';
import type { ServiceAccountKeys } from './auth/service-account/key-set.ts';
import { createLiveObjects } from './auth/service-account/live-objects.ts';
import type { TokenAuthenticator } from './auth/token-authenticator.ts';
import { bootstrap } from './bootstrap.ts';
import type { NodeTls } from './connect/node-link.ts';
import { runCustomResources } from './customresources/controller.ts';
import { LiveCatalog } from './customresources/live-catalog.ts';
import { FlowControl, type FlowLimits } from './flow/flow-control.ts';
import type { ServerContext } from './http/context.ts';
import { handleRequest } from './http/handle-request.ts';
import { createServerMetrics } from './http/metrics.ts';
import { trackSockets } from './http/open-sockets.ts';
import { refuseTunnel } from './http/refuse-tunnel.ts';
import { renewableTls, type ServingTls, secureContextOptions } from './http/serving-tls.ts';
import { StalledClients } from './http/stalled-clients.ts';
import { serveUpgrades, wantsUpgrade } from './http/upgrades.ts';
import { PolicyIndex } from './policy/policy-index.ts';
import { runPolicyStatus } from './policy/policy-status.ts';
import { QuotaTurns } from './quota/quota-turns.ts';

export interface ApiServerOptions {
  readonly etcd: EtcdConnection;
  readonly tls: ServingTls;
  /** Loopback port; 0: any free one. */
  readonly port: number;
  readonly definitions: readonly ResourceDefinition[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Keys of service-account tokens, and their issuer; without them there are no such tokens. */
  readonly serviceAccounts?: { readonly keys: () => ServiceAccountKeys; readonly issuer: string };
  /** This server's certificate towards nodes; without it the streams of containers are not served. */
  readonly nodeTls?: () => NodeTls;
  /** More issuers of tokens, asked after the server's own. */
  readonly tokens?: readonly TokenAuthenticator[];
  /** Default: no audit. */
  readonly audit?: AuditOptions;
  readonly limits?: ServerLimits;
  /** Default: superusers, nodes by what is bound to them, everybody else by roles. */
  readonly authorize?: Authorize;
}

/** What clients may take up; each has its default. */
export interface ServerLimits {
  readonly flow?: FlowLimits;
  /** A reader that takes nothing for so long is cut. */
  readonly stallMs?: number;
  /** A request must have arrived whole after so long. */
  readonly senderMs?: number;
}

/** A running API server. */
export interface ApiServer {
  readonly port: number;
  /**
   * Certificates for new connections. Open ones go on, but for those of clients that no CA given here signed.
   * @throws Error for what cannot be used; all stays as it was
   */
  useTls(tls: ServingTls): void;
  /** Ends watches in order, lets requests under way finish, closes everything. */
  stop(): Promise<void>;
}

/** Requests under way at `stop` get this long. */
const DRAIN_MS = 5_000;
const STALL_MS = 30_000;
const SENDER_MS = 60_000;

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeServer(server: Server, destroySockets: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(destroySockets, DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What is no request as HTTP has it is answered as Node does by itself. */
function answerClientError({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${CLIENT_ERRORS[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`, () =>
    socket.destroy(),
  );
}

function createHttpsServer({ tls, limits }: ApiServerOptions, context: ServerContext): Server {
  const senderMs = limits?.senderMs ?? SENDER_MS;
  const server = createServer(
    {
      ...secureContextOptions(tls),
      requestCert: true,
      // Health is for everybody; `userOf` decides who is somebody.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      // A slow sender holds a socket no longer than this; answers, watches above all, may take any time.
      handshakeTimeout: 15_000,
      headersTimeout: Math.min(15_000, senderMs),
      requestTimeout: senderMs,
      connectionsCheckingInterval: Math.ceil(senderMs / 12),
      keepAliveTimeout: 120_000,
      maxHeaderSize: 64 * 1024,
      shouldUpgradeCallback: wantsUpgrade,
    },
    (request, response) => void handleRequest(context, request, response),
  );
  serveUpgrades(
    server,
    (request, response, upgrade) => void handleRequest(context, request, response, upgrade),
  );
  // Nothing else is tunnelled here; without this Node would close the connection without a word.
  server.on('connect', (_, socket) => refuseTunnel(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') context.metrics.cutClients.inc({ kind: 'sender' });
    answerClientError(error, socket);
  });
  server.on('tlsClientError', (error) =>
    context.logger.debug({ reason: error.message }, 'TLS handshake failed'),
  );
  return server;
}

/**
 * Starts the API server. It listens at once, whether etcd answers or not: until then requests get 503.
 * @throws Error when the port is taken
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { etcd, logger, clock } = options;
  const stopping = new AbortController();
  // Every watch listens for the end.
  setMaxListeners(0, stopping.signal);
  const metrics = createServerMetrics(options.registry);
  const kv = openKv(etcd, metrics.observeEtcd);
  const cache = new RegistryCache({ kv, connection: etcd, logger });
  const rules = new RuleResolver(cache);
  const catalog = new LiveCatalog(cache, options.definitions);
  const startup = { hasBootstrapRoles: false };
  const tokenIssuer =
    options.serviceAccounts === undefined
      ? undefined
      : {
          ...options.serviceAccounts,
          audiences: [options.serviceAccounts.issuer],
          objects: createLiveObjects({ cache, kv }),
        };
  const own = tokenIssuer === undefined ? [] : [new ServiceAccountAuthenticator({ ...tokenIssuer, clock })];
  const authenticator = createAuthenticator({
    tokens: [...own, ...(options.tokens ?? [])],
    logger,
    attempts: metrics.authenticationAttempts,
  });
  const stalledClients = new StalledClients({
    stallMs: options.limits?.stallMs ?? STALL_MS,
    monotonicMs: () => clock.monotonicMs(),
    onCut: () => metrics.cutClients.inc({ kind: 'reader' }),
  });
  const context: ServerContext = {
    authenticator,
    tokenIssuer,
    audit: options.audit,
    nodeTls: options.nodeTls,
    flow: new FlowControl(options.registry, options.limits?.flow),
    quotaTurns: new QuotaTurns({ onWaited: (waitedMs) => metrics.quotaWait.observe(waitedMs / 1000) }),
    stalledClients,
    kv,
    cache,
    connection: etcd,
    catalog,
    authorize: options.authorize ?? createAuthorizer({ cache, rules, startup }),
    rules,
    policies: new PolicyIndex(cache),
    startup,
    clock,
    logger,
    metrics,
    stopping: stopping.signal,
  };
  const server = createHttpsServer(options, context);
  const destroySockets = trackSockets(server);
  const useTls = renewableTls(server);
  let port: number;
  try {
    port = await listen(server, options.port);
  } catch (error) {
    kv.close();
    throw error;
  }
  cache.start();
  const background = Promise.all([
    bootstrap(context),
    runAggregation(context),
    runCustomResources(context, catalog),
    runPolicyStatus(context),
  ]);
  return {
    port,
    useTls,
    stop: async () => {
      stopping.abort();
      stalledClients.close();
      await closeServer(server, destroySockets);
      cache.close();
      kv.close();
      await background;
    },
  };
}
