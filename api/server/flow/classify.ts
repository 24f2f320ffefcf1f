import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../http/request-info.ts';

/** Levels with seats of their own; requests that are exempt take none. */
export const PRIORITY_LEVELS = [
  'node-high',
  'workload-high',
  'workload-low',
  'global-default',
  'catch-all',
] as const;

export type PriorityLevelName = (typeof PRIORITY_LEVELS)[number];

/** Where a request waits. */
export interface FlowChoice {
  /** The rule that chose, as clients see it. */
  readonly schema: string;
  readonly level: PriorityLevelName | 'exempt';
  /** Requests of one flow share a queue; flows of a level take turns. */
  readonly flow: string;
}

const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** What keeps a node alive: its leases and itself. */
function isHeartbeat({ group, resource }: RequestInfo): boolean {
  return (group === 'coordination.k8s.io' && resource === 'leases') || (group === '' && resource === 'nodes');
}

/** @param user undefined before somebody is known: for health checks */
export function classify(user: User | undefined, info: RequestInfo): FlowChoice {
  if (HEALTH_PATHS.has(info.path)) return { schema: 'probes', level: 'exempt', flow: '' };
  if (user === undefined) return { schema: 'catch-all', level: 'catch-all', flow: '' };
  const has = (group: string) => user.groups.includes(group);
  const flow = user.name;
  if (has('system:masters')) return { schema: 'exempt', level: 'exempt', flow };
  const isNode = has('system:nodes');
  const isComponent = isNode || has('holt:components') || has('system:serviceaccounts:kube-system');
  if (isComponent && isHeartbeat(info)) return { schema: 'system-node-high', level: 'node-high', flow };
  if (isComponent)
    return { schema: isNode ? 'system-nodes' : 'holt-components', level: 'workload-high', flow };
  if (has('system:serviceaccounts')) return { schema: 'service-accounts', level: 'workload-low', flow };
  if (has('system:authenticated')) return { schema: 'global-default', level: 'global-default', flow };
  return { schema: 'catch-all', level: 'catch-all', flow };
}
