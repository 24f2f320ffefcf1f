import { z } from 'zod';

/** How much an audit event tells, from nothing to both bodies. */
export const AUDIT_LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;

export type AuditLevel = (typeof AUDIT_LEVELS)[number];

const names = z.array(z.string()).optional();

/** A rule of an audit.k8s.io/v1 Policy: what is absent matches everything. */
export const auditRuleSchema = z.strictObject({
  level: z.literal(AUDIT_LEVELS),
  users: names,
  userGroups: names,
  verbs: names,
  resources: z
    .array(z.strictObject({ group: z.string().default(''), resources: names, resourceNames: names }))
    .optional(),
  /** `""` stands for what is in no namespace. */
  namespaces: names,
  /** Paths; a `*` at the end stands for anything. */
  nonResourceURLs: names,
});

export type AuditRule = z.infer<typeof auditRuleSchema>;

const LEASES = [{ group: 'coordination.k8s.io', resources: ['leases'] }];

/** Written with every batch of Events that holt-manager relays; by others it is worth knowing. */
const RELAY_CURSORS = [
  { group: '', resources: ['configmaps'], resourceNames: ['holt-event-relay', 'holt-event-relay-endpoint'] },
];

/** Ways into a container: a WebSocket begins with a GET, and is more than a reading of state. */
const INTO_CONTAINERS = [
  {
    group: 'holt.dev',
    resources: ['sandboxcontainers/exec', 'sandboxcontainers/attach', 'sandboxcontainers/portforward'],
  },
  { group: '', resources: ['pods/exec', 'pods/attach', 'pods/portforward'] },
];

/**
 * Who changed what, and who read secrets; not the health checks, the heartbeats, and other reads. The first rule
 * that matches decides.
 */
export const DEFAULT_AUDIT_RULES: readonly AuditRule[] = [
  { level: 'None', nonResourceURLs: ['/livez*', '/readyz*', '/healthz*', '/version*', '/metrics'] },
  { level: 'None', verbs: ['get', 'list', 'watch', 'update', 'patch'], resources: LEASES },
  {
    level: 'None',
    users: ['system:holt-manager'],
    verbs: ['update'],
    namespaces: ['kube-system'],
    resources: RELAY_CURSORS,
  },
  { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'secrets/*'] }] },
  { level: 'Metadata', resources: INTO_CONTAINERS },
  {
    level: 'Metadata',
    verbs: ['create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put', 'connect'],
  },
  { level: 'None' },
];
