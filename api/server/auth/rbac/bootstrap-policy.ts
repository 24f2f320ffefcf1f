/** A rule as it is written down: fields that are empty are left out. */
export interface BootstrapRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A ClusterRole that is there from the start. */
export interface BootstrapRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly BootstrapRule[];
  /** Takes the rules of all roles with this label instead. */
  readonly aggregates?: string;
}

/** A ClusterRoleBinding that is there from the start: of the role of its name unless `role` names another. */
export interface BootstrapBinding {
  readonly name: string;
  readonly role?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
}

const READ = ['get', 'list', 'watch'] as const;
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;
const RBAC = 'rbac.authorization.k8s.io';
const TO_ADMIN = `${RBAC}/aggregate-to-admin`;
const TO_EDIT = `${RBAC}/aggregate-to-edit`;
const TO_VIEW = `${RBAC}/aggregate-to-view`;

function core(verbs: readonly string[], ...resources: readonly string[]): BootstrapRule {
  return { verbs, apiGroups: [''], resources };
}

function of(group: string, verbs: readonly string[], ...resources: readonly string[]): BootstrapRule {
  return { verbs, apiGroups: [group], resources };
}

function urls(...nonResourceURLs: readonly string[]): BootstrapRule {
  return { verbs: ['get'], nonResourceURLs };
}

const HEALTH = ['/healthz', '/livez', '/readyz'] as const;
const VERSION = ['/version', '/version/'] as const;

/** The roles of every Kubernetes cluster, as far as their resources are served here, with Holt's kinds in them. */
const COMMON_ROLES: readonly BootstrapRole[] = [
  {
    name: 'cluster-admin',
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  },
  { name: 'admin', rules: [], aggregates: TO_ADMIN },
  { name: 'edit', labels: { [TO_ADMIN]: 'true' }, rules: [], aggregates: TO_EDIT },
  { name: 'view', labels: { [TO_EDIT]: 'true' }, rules: [], aggregates: TO_VIEW },
  {
    name: 'system:aggregate-to-admin',
    labels: { [TO_ADMIN]: 'true' },
    rules: [
      of('authorization.k8s.io', ['create'], 'localsubjectaccessreviews'),
      of(RBAC, [...READ, ...WRITE], 'roles', 'rolebindings'),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    labels: { [TO_EDIT]: 'true' },
    rules: [
      core(READ, 'secrets'),
      core(['impersonate'], 'serviceaccounts'),
      core(WRITE, 'configmaps', 'events', 'secrets', 'serviceaccounts', 'services'),
      core(['create'], 'serviceaccounts/token'),
      of('coordination.k8s.io', [...READ, ...WRITE], 'leases'),
      of('holt.dev', WRITE, 'sandboxcontainers', 'uservms'),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    labels: { [TO_VIEW]: 'true' },
    rules: [
      core(READ, 'configmaps', 'events', 'limitranges', 'namespaces', 'namespaces/status'),
      core(READ, 'resourcequotas', 'resourcequotas/status', 'serviceaccounts', 'services', 'services/status'),
      of('holt.dev', READ, 'guestimages', 'sandboxcontainers', 'uservms'),
      of('holt.dev', READ, 'guestimages/status', 'sandboxcontainers/status', 'uservms/status'),
    ],
  },
];

/** What everybody may know, and the roles for those who look after the cluster. */
const SYSTEM_ROLES: readonly BootstrapRole[] = [
  {
    name: 'system:discovery',
    rules: [urls('/api', '/api/*', '/apis', '/apis/*', ...HEALTH, '/openapi', '/openapi/*', ...VERSION)],
  },
  {
    name: 'system:basic-user',
    rules: [
      of('authorization.k8s.io', ['create'], 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
      of('authentication.k8s.io', ['create'], 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      urls(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
  },
  { name: 'system:public-info-viewer', rules: [urls(...HEALTH, ...VERSION)] },
  {
    name: 'system:monitoring',
    rules: [urls('/metrics', '/metrics/*', ...HEALTH.flatMap((path) => [path, `${path}/*`]))],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      of('authentication.k8s.io', ['create'], 'tokenreviews'),
      of('authorization.k8s.io', ['create'], 'subjectaccessreviews'),
    ],
  },
];

/**
 * Controllers that act under an identity of their own. Source:
 * k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go
 */
const CONTROLLER_ROLES: readonly BootstrapRole[] = [
  {
    name: 'system:controller:generic-garbage-collector',
    rules: [
      { verbs: [...READ, 'patch', 'update', 'delete'], apiGroups: ['*'], resources: ['*'] },
      core(['create', 'patch', 'update'], 'events'),
    ],
  },
];

/** Controllers of the manager take on their accounts: it has no such right itself. */
const CONTROLLER_ACCOUNTS_ROLE: BootstrapRole = {
  name: 'holt:controller-accounts',
  rules: [
    {
      verbs: ['impersonate'],
      apiGroups: [''],
      resources: ['serviceaccounts'],
      resourceNames: ['generic-garbage-collector'],
    },
  ],
};

/**
 * Holt's own processes. The manager's garbage and namespace collection deletes objects of every kind, kinds of
 * later CustomResourceDefinitions included, takes finalizers and owner references off them, and writes statuses
 * with their events; what it makes is named one by one. Nodes have no role: the node authoriser knows what is theirs.
 */
const HOLT_ROLES: readonly BootstrapRole[] = [
  {
    name: 'holt:manager',
    rules: [
      {
        verbs: [...READ, 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['*'],
        resources: ['*'],
      },
      { verbs: ['create'], apiGroups: ['*'], resources: ['*/commit'] },
      core(['create'], 'events', 'configmaps', 'serviceaccounts', 'services'),
      of('coordination.k8s.io', ['create'], 'leases'),
    ],
  },
  { name: 'holt:router', rules: [of('holt.dev', READ, 'sandboxcontainers', 'uservms')] },
];

/** Every ClusterRole that the server makes and keeps. */
export const BOOTSTRAP_ROLES: readonly BootstrapRole[] = [
  ...COMMON_ROLES,
  ...SYSTEM_ROLES,
  ...CONTROLLER_ROLES,
  CONTROLLER_ACCOUNTS_ROLE,
  ...HOLT_ROLES,
];

/** Every ClusterRoleBinding that the server makes and keeps. */
export const BOOTSTRAP_BINDINGS: readonly BootstrapBinding[] = [
  { name: 'cluster-admin', groups: ['system:masters'] },
  { name: 'system:discovery', groups: ['system:authenticated'] },
  { name: 'system:basic-user', groups: ['system:authenticated'] },
  { name: 'system:public-info-viewer', groups: ['system:authenticated', 'system:unauthenticated'] },
  { name: 'system:service-account-issuer-discovery', groups: ['system:serviceaccounts'] },
  { name: 'system:monitoring', groups: ['system:monitoring'] },
  {
    name: 'system:controller:generic-garbage-collector',
    users: ['system:serviceaccount:kube-system:generic-garbage-collector'],
  },
  { name: 'holt:controller-accounts', users: ['system:holt-manager'] },
  { name: 'holt:manager', users: ['system:holt-manager'] },
  { name: 'holt:router', users: ['system:holt-router'] },
];
