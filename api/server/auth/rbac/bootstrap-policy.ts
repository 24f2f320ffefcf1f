import { type BootstrapBinding, type BootstrapRole, core, of, urls } from './bootstrap-rule.ts';
import { MANAGER_BINDINGS, MANAGER_ROLES } from './manager-roles.ts';

const READ = ['get', 'list', 'watch'] as const;
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;
/** Ways into a container. */
const TUNNELS = ['attach', 'exec', 'portforward'] as const;
const RBAC = 'rbac.authorization.k8s.io';
const TO_ADMIN = `${RBAC}/aggregate-to-admin`;
const TO_EDIT = `${RBAC}/aggregate-to-edit`;
const TO_VIEW = `${RBAC}/aggregate-to-view`;

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
      of('holt.dev', WRITE, 'sandboxcontainers', 'uservms', 'volumesnapshots'),
      of('holt.dev', ['create', 'get'], ...TUNNELS.map((name) => `sandboxcontainers/${name}`)),
      core(['create', 'get'], ...TUNNELS.map((name) => `pods/${name}`)),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    labels: { [TO_VIEW]: 'true' },
    rules: [
      core(READ, 'configmaps', 'events', 'limitranges', 'namespaces', 'namespaces/status'),
      core(READ, 'resourcequotas', 'resourcequotas/status', 'serviceaccounts', 'services', 'services/status'),
      of('holt.dev', READ, 'guestimages', 'sandboxcontainers', 'uservms', 'volumesnapshots'),
      of('holt.dev', ['get'], 'sandboxcontainers/log'),
      core(READ, 'pods', 'pods/log'),
      of('holt.dev', READ, 'guestimages/status', 'sandboxcontainers/status', 'uservms/status'),
      of('holt.dev', READ, 'volumesnapshots/status'),
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

/** What holt-router watches, and that it may wake VMs for requests, which changes nothing else of them. Nodes have no role: the node authoriser knows what is theirs. */
const ROUTER_ROLE: BootstrapRole = {
  name: 'holt:router',
  rules: [
    of('holt.dev', ['list', 'watch'], 'sandboxcontainers', 'uservms'),
    of('holt.dev', ['create'], 'uservms/wake'),
  ],
};

/** Every ClusterRole that the server makes and keeps. */
export const BOOTSTRAP_ROLES: readonly BootstrapRole[] = [
  ...COMMON_ROLES,
  ...SYSTEM_ROLES,
  ...CONTROLLER_ROLES,
  CONTROLLER_ACCOUNTS_ROLE,
  ...MANAGER_ROLES,
  ROUTER_ROLE,
];

/** Every binding that the server makes and keeps. */
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
  { name: 'holt:controller-accounts', namespace: 'kube-system', users: ['system:holt-manager'] },
  ...MANAGER_BINDINGS,
  { name: 'holt:router', users: ['system:holt-router'] },
];

/**
 * ClusterRoles that earlier releases made, with the bindings of their names. They grant more than is needed now, and
 * what is only left out of this list stays where it was made: they are taken away.
 */
export const RETIRED_ROLES: readonly string[] = ['holt:manager'];
