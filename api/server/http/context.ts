import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { RegistryCache } from '../../storage/cache/registry-cache.ts';
import type { EtcdConnection } from '../../storage/etcd/connection.ts';
import type { EtcdKv } from '../../storage/etcd/kv.ts';
import type { AuditOptions } from '../audit/audit-record.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Authorize } from '../auth/authorize.ts';
import type { RuleResolver } from '../auth/rbac/rule-resolver.ts';
import type { TokenIssuer } from '../auth/service-account/token-request.ts';
import type { NodeTls } from '../connect/node-link.ts';
import type { LiveCatalog } from '../customresources/live-catalog.ts';
import type { FlowControl } from '../flow/flow-control.ts';
import type { PolicyIndex } from '../policy/policy-index.ts';
import type { QuotaTurns } from '../quota/quota-turns.ts';
import type { ServerMetrics } from './metrics.ts';
import type { StalledClients } from './stalled-clients.ts';

/** How far the server is with what it makes at its start. */
export interface StartupProgress {
  hasBootstrapRoles: boolean;
}

/** What the handlers work with: every side effect of theirs goes through one of these. */
export interface ServerContext {
  readonly kv: EtcdKv;
  readonly cache: RegistryCache;
  /** For watches of history older than the cache. */
  readonly connection: EtcdConnection;
  readonly catalog: LiveCatalog;
  readonly authenticator: Authenticator;
  /** Makes service-account tokens; undefined for a server without keys for them. */
  readonly tokenIssuer: TokenIssuer | undefined;
  readonly authorize: Authorize;
  /** How nodes know this server; undefined: their containers' streams are not served. */
  readonly nodeTls: (() => NodeTls) | undefined;
  /** Undefined: nothing is audited. */
  readonly audit: AuditOptions | undefined;
  /** What roles say, for those who ask and for those who grant. */
  readonly rules: RuleResolver;
  /** What writes are asked about. */
  readonly policies: PolicyIndex;
  readonly startup: StartupProgress;
  /** Bounds the requests that are answered at once. */
  readonly flow: FlowControl;
  /** The order of the writes that are charged to quotas. */
  readonly quotaTurns: QuotaTurns;
  /** Cuts clients that don't read. */
  readonly stalledClients: StalledClients;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  /** Fires when the server stops: watches end in order. */
  readonly stopping: AbortSignal;
}
